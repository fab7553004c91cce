/** What can be done with the chosen runs together: compare them, give them a tag or take one away. */
import * as React from 'react';

import type { RunInfo } from '../api/types';
import { PIN } from '../model/runlist';
import { count, say } from '../words';
import { useHere } from '../run/surroundings';
import { told } from './actions';

export type ChosenRunsById = ReadonlyMap<string, RunInfo>;

interface Props {
  chosen: ChosenRunsById;
  clear: () => void;
  tag: (run: RunInfo, tags: readonly string[]) => Promise<void>;
}

export function ChosenRuns({ chosen, clear, tag }: Props): JSX.Element | null {
  const { actions } = useHere();
  const runs = [...chosen.values()];
  if (runs.length === 0) {
    return null;
  }
  const change = async (tags: (run: RunInfo) => readonly string[]) => {
    await told(() => Promise.all(runs.map(run => tag(run, tags(run)))));
    clear();
  };
  const shared = runs.reduce<readonly string[]>(
    (tags, run) => tags.filter(each => run.tags.includes(each)),
    runs[0]?.tags.filter(each => each !== PIN) ?? []
  );
  return (
    <div className="ts-note ts-rest" role="toolbar" aria-label={say('Chosen runs')} data-trackside="chosen">
      <span>{count('%1 chosen', '%1 chosen', runs.length)}</span>
      {runs.length > 1 && (
        <button type="button" className="ts-link" data-trackside="compare-runs" onClick={() => actions.compare(runs)}>
          {say('Compare')}
        </button>
      )}
      <NewTag add={word => change(run => [...run.tags, word])} />
      {shared.map(each => (
        <button
          type="button"
          key={each}
          className="ts-link"
          onClick={() => void change(run => run.tags.filter(other => other !== each))}
        >
          {say('Take %1 away', each)}
        </button>
      ))}
      <button type="button" className="ts-link" onClick={clear}>
        {say('Clear')}
      </button>
    </div>
  );
}

function NewTag({ add }: { add: (tag: string) => Promise<void> }): JSX.Element {
  const [word, setWord] = React.useState('');
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        if (word.trim() !== '') {
          void add(word.trim());
        }
      }}
    >
      <input
        className="ts-input ts-short"
        value={word}
        placeholder={say('Add a tag')}
        aria-label={say('Add a tag to the chosen runs')}
        data-trackside="add-tag"
        onChange={event => setWord(event.target.value)}
      />
    </form>
  );
}
