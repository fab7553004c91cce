/** The runs, as a table that can be searched. */
import * as React from 'react';

import { ApiError } from '../api/rest';
import type { RunInfo, RunPage } from '../api/types';
import { NONE, toggled } from '../model/chosen';
import type { Chosen as Choice } from '../model/chosen';
import { exact } from '../model/settings';
import { count, moment, number, runDuration, say } from '../words';
import { Dot } from '../run/Dot';
import { useFrame, useHere } from '../run/surroundings';
import { Section, useSection } from './Section';

const FIRST = 20;
const QUIET = 400;

export function Runs({ selected }: { selected: string | null }): JSX.Element {
  const section = useSection('runs');
  const [query, setQuery] = React.useState('');
  const [chosen, setChosen] = React.useState<Choice>(NONE);
  const { page, problem, more } = useRuns(query, section.open);
  const runs = page?.runs ?? [];
  const note = page === null ? '' : page.next === null ? String(runs.length) : say('%1+', runs.length);
  return (
    <Section id="runs" title={say('Runs')} note={note} {...section}>
      {page !== null && runs.length === 0 && !query ? (
        <p className="ts-note">
          {say('Every job is a run. Track code in the kernel with')} <code>%%track</code>.
        </p>
      ) : (
        <input
          className="ts-input ts-wide"
          type="search"
          value={query}
          placeholder={say('Search: name, tag:, status:, loss<0.3, since:7d')}
          aria-label={say('Search runs')}
          data-trackside="run-query"
          onChange={event => setQuery(event.target.value)}
        />
      )}
      {problem && <p className="ts-note ts-bad">{problem}</p>}
      {page !== null && runs.length === 0 && query && !problem && (
        <p className="ts-note">{say('No run fits this search.')}</p>
      )}
      {runs.length > 0 && <Table runs={runs} selected={selected} chosen={chosen} choose={setChosen} />}
      <Chosen runs={runs.filter(run => chosen.has(run.id))} clear={() => setChosen(NONE)} />
      {page?.next != null && (
        <div className="ts-note">
          <button type="button" className="ts-link" onClick={() => void more()}>
            {say('Show more')}
          </button>
        </div>
      )}
    </Section>
  );
}

/** The first page, read anew when the search changes or runs begin and end; `more` adds the next. */
function useRuns(query: string, open: boolean): { page: RunPage | null; problem: string; more: () => Promise<void> } {
  const { trackside } = useHere();
  const [page, setPage] = React.useState<RunPage | null>(null);
  const [problem, setProblem] = React.useState('');
  const jobs = useFrame(trackside.jobs.state);
  const [beat, setBeat] = React.useState(0);
  const states = Object.entries(jobs.counts).join();
  React.useEffect(() => {
    const listening = trackside.events.listen({
      onEvent: event => event.type === 'run' && setBeat(before => before + 1)
    });
    return () => listening.dispose();
  }, [trackside]);
  React.useEffect(() => {
    if (!open) {
      return;
    }
    let stale = false;
    const timer = setTimeout(() => {
      trackside.rest.runs({ query, limit: Math.max(FIRST, page?.runs.length ?? 0) }).then(
        found => {
          if (!stale) {
            setPage(found);
            setProblem('');
          }
        },
        (error: unknown) => {
          if (!stale) {
            setProblem(sentenceOf(error));
          }
        }
      );
    }, QUIET);
    return () => {
      stale = true;
      clearTimeout(timer);
    };
  }, [query, open, states, beat, trackside]);
  const more = async () => {
    if (page?.next != null) {
      const next = await trackside.rest.runs({ query, limit: FIRST, cursor: page.next });
      setPage({ runs: [...page.runs, ...next.runs], next: next.next });
    }
  };
  return { page, problem, more };
}

/** What went wrong and what to write instead. */
function sentenceOf(error: unknown): string {
  return error instanceof ApiError ? `${error.message} ${error.hint}`.trim() : String(error);
}

/** `2 chosen · Compare`, once some are. */
function Chosen({ runs, clear }: { runs: readonly RunInfo[]; clear: () => void }): JSX.Element | null {
  const { actions } = useHere();
  return runs.length === 0 ? null : (
    <div className="ts-note ts-rest" data-trackside="chosen">
      <span>{count('%1 chosen', '%1 chosen', runs.length)}</span>
      {runs.length > 1 && (
        <button type="button" className="ts-link" data-trackside="compare-runs" onClick={() => actions.compare(runs)}>
          {say('Compare')}
        </button>
      )}
      <button type="button" className="ts-link" onClick={clear}>
        {say('Clear')}
      </button>
    </div>
  );
}

interface TableProps {
  runs: readonly RunInfo[];
  selected: string | null;
  chosen: Choice;
  choose: (chosen: Choice) => void;
}

function Table({ runs, selected, chosen, choose }: TableProps): JSX.Element {
  const keys = telling(runs);
  return (
    <div className="ts-table-room">
      <table className={`ts-table ts-runs ${chosen.size > 0 ? 'ts-choosing' : ''}`} data-trackside="run-table">
        <thead>
          <tr>
            <th scope="col">{say('run')}</th>
            {keys.map(({ key, title }) => (
              <th scope="col" key={key} title={key}>
                {title}
              </th>
            ))}
            <th scope="col" className="ts-optional">
              {say('took')}
            </th>
            <th scope="col">{say('began')}</th>
          </tr>
        </thead>
        <tbody>
          {runs.map(run => (
            <Row
              key={run.id}
              run={run}
              keys={keys}
              selected={run.id === selected}
              chosen={chosen.has(run.id)}
              toggle={() => choose(toggled(chosen, run.id))}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  run: RunInfo;
  keys: readonly KeyColumn[];
  selected: boolean;
  chosen: boolean;
  toggle: () => void;
}

function Row({ run, keys, selected, chosen, toggle }: RowProps): JSX.Element {
  const { trackside, actions } = useHere();
  const now = trackside.now();
  return (
    <tr
      className={selected ? 'ts-selected' : undefined}
      data-trackside="run-row"
      data-run-id={run.id}
      data-status={run.status}
    >
      <td>
        <input
          type="checkbox"
          className="ts-choose"
          checked={chosen}
          aria-label={say('Choose %1', run.name)}
          onChange={toggle}
        />
        <Dot status={run.status} />
        <button type="button" className="ts-plainlink" title={run.id} onClick={() => actions.open(run.id, run.name)}>
          {run.name}
        </button>
      </td>
      {keys.map(({ key, value }) => (
        <td key={key}>{valueOf(value(run))}</td>
      ))}
      <td className="ts-optional">{runDuration(run, now)}</td>
      <td>{run.started_at === null ? '–' : moment(run.started_at, now)}</td>
    </tr>
  );
}

interface KeyColumn {
  readonly key: string;
  readonly title: string;
  value(run: RunInfo): unknown;
}

/** At most two columns that tell runs apart: a setting that differs, and a summary value that many have. */
export function telling(runs: readonly RunInfo[]): KeyColumn[] {
  const configs = keysOf(runs, run => run.config).filter(
    key =>
      new Set(runs.map(run => JSON.stringify(run.config[key]))).size > 1 &&
      runs.some(run => typeof run.config[key] === 'number')
  );
  const summaries = keysOf(runs, run => run.summary).filter(key =>
    runs.some(run => typeof run.summary[key] === 'number')
  );
  return [
    ...configs.slice(0, 1).map(key => ({
      key: `config ${key}`,
      title: short(key),
      value: (run: RunInfo) => (run.config[key] === undefined ? '' : exact(run.config[key]))
    })),
    ...summaries
      .slice(0, 1)
      .map(key => ({ key: `summary ${key}`, title: short(key), value: (run: RunInfo) => run.summary[key] }))
  ];
}

/** Keys by how many runs have them. */
function keysOf(runs: readonly RunInfo[], of: (run: RunInfo) => { readonly [key: string]: unknown }): string[] {
  const counts = new Map<string, number>();
  for (const key of runs.flatMap(run => Object.keys(of(run)))) {
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]).map(([key]) => key);
}

function short(key: string): string {
  return key.split(/[/.]/).pop() ?? key;
}

function valueOf(value: unknown): string {
  return typeof value === 'number' || typeof value === 'string'
    ? number(value)
    : value === undefined
      ? ''
      : JSON.stringify(value);
}
