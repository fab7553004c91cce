/** The runs: a search, a table of any length, those that are pinned above it, and what can be done with the chosen ones. */
import * as React from 'react';

import type { RunInfo } from '../api/types';
import { PIN, RunList } from '../model/runlist';
import type { Listed } from '../model/runlist';
import { telling } from '../model/columns';
import { say } from '../words';
import { useCell, useFrame, useHere, useMemory } from '../run/surroundings';
import { ChosenRuns } from './ChosenRuns';
import type { ChosenRunsById } from './ChosenRuns';
import { ColumnChooser } from './ColumnChooser';
import { told } from './actions';
import { RunTable } from './RunTable';
import { Section, useSection } from './Section';

const NONE: ChosenRunsById = new Map();

export function Runs({ selected }: { selected: string | null }): JSX.Element {
  const section = useSection('runs');
  const [query, setQuery] = React.useState('');
  const [chosen, setChosen] = React.useState(NONE);
  const [list, listed] = useRunList(query, section.open);
  const runs = React.useMemo(() => [...listed.rows.values()], [listed.rows]);
  const { columns, own, setColumns } = useColumns(runs);
  const { total, pinned, problem } = listed;
  const toggle = (run: RunInfo) => {
    const others = new Map(chosen);
    setChosen(others.delete(run.id) ? others : others.set(run.id, run));
  };
  const pin = (run: RunInfo) => {
    const others = run.tags.filter(tag => tag !== PIN);
    void told(() => list.tag(run, others.length < run.tags.length ? others : [...others, PIN]));
  };
  return (
    <Section id="runs" title={say('Runs')} note={total === null ? '' : total.toLocaleString()} {...section}>
      {total === 0 && pinned.length === 0 && !query ? (
        <p className="ts-note">
          {say('Every job is a run. Track code in the kernel with')} <code>%%track</code>.
        </p>
      ) : (
        <Search query={query} change={setQuery}>
          <ColumnChooser runs={runs} columns={columns} choose={setColumns} />
        </Search>
      )}
      {problem && <p className="ts-note ts-bad">{problem}</p>}
      {total === 0 && query && !problem && <p className="ts-note">{say('No run fits this search.')}</p>}
      <RunTable
        listed={listed}
        look={(first, last) => list.look(first, last)}
        {...{ columns, own, selected, chosen, toggle, pin, search: setQuery }}
      />
      <ChosenRuns chosen={chosen} clear={() => setChosen(NONE)} tag={(run, tags) => list.tag(run, tags)} />
    </Section>
  );
}

/** The list, which follows the home while the section is open, and what it knows now. */
function useRunList(query: string, open: boolean): [RunList, Listed] {
  const { trackside } = useHere();
  const list = React.useMemo(() => new RunList(trackside.rest), [trackside]);
  React.useEffect(() => list.ask(query), [list, query]);
  React.useEffect(() => {
    if (open) {
      const following = list.follow(trackside.events);
      return () => following.dispose();
    }
    return undefined;
  }, [list, open, trackside]);
  return [list, useFrame(list.state)];
}

/** The columns that one chose; else those that tell the runs apart. */
function useColumns(runs: readonly RunInfo[]) {
  const [kept, setColumns] = useMemory<readonly string[] | null>('runs:columns', null);
  const { columns: preferred } = useCell(useHere().preferences);
  const usual = React.useMemo(() => [...telling(runs), 'duration', 'started'], [runs]);
  const own = kept ?? (preferred.length > 0 ? preferred : null);
  return { columns: own ?? usual, own: own !== null, setColumns };
}

interface SearchProps {
  query: string;
  change: (query: string) => void;
  children: React.ReactNode;
}

function Search({ query, change, children }: SearchProps): JSX.Element {
  return (
    <div className="ts-search-row">
      <input
        className="ts-input"
        type="search"
        value={query}
        placeholder={say('Search: name, tag:, status:, loss<0.3, since:7d')}
        aria-label={say('Search runs')}
        data-trackside="run-query"
        onChange={event => change(event.target.value)}
      />
      {children}
    </div>
  );
}
