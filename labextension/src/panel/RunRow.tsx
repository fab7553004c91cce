/** One run in the table. */
import * as React from 'react';

import type { RunInfo } from '../api/types';
import { valueOf } from '../model/columns';
import { PIN } from '../model/runlist';
import { exact } from '../model/settings';
import { moment, number, runDuration, say, statusWord } from '../words';
import { Dot } from '../run/Dot';
import { useHere } from '../run/surroundings';

export interface RowActions {
  toggle: (run: RunInfo) => void;
  pin: (run: RunInfo) => void;
  search: (query: string) => void;
}

interface Props extends RowActions {
  run: RunInfo;
  /** Its place in the list, the newest being 0; nothing for a pinned one. */
  index?: number;
  columns: readonly string[];
  selected: string | null;
  chosen: boolean;
}

export function RunRow({ run, index, columns, selected, chosen, toggle, pin, search }: Props): JSX.Element {
  const { actions } = useHere();
  const pinned = run.tags.includes(PIN);
  return (
    <tr
      className={run.id === selected ? 'ts-selected' : undefined}
      aria-rowindex={index === undefined ? undefined : index + 2}
      data-trackside="run-row"
      data-run-id={run.id}
      data-status={run.status}
    >
      <td>
        <div className="ts-run-name">
          <input
            type="checkbox"
            className="ts-choose"
            checked={chosen}
            aria-label={say('Choose %1', run.name)}
            onChange={() => toggle(run)}
          />
          <Dot status={run.status} />
          <button type="button" className="ts-plainlink" title={run.id} onClick={() => actions.open(run.id, run.name)}>
            {run.name}
          </button>
          <button
            type="button"
            className="ts-pin"
            aria-pressed={pinned}
            aria-label={say('Pin %1', run.name)}
            title={pinned ? say('Pinned: it stays on top') : say('Pin: keep it on top')}
            data-trackside="pin-run"
            onClick={() => pin(run)}
          >
            {pinned ? '★' : '☆'}
          </button>
        </div>
      </td>
      {columns.map(column => (
        <td key={column} data-column={column}>
          <Value run={run} column={column} search={search} />
        </td>
      ))}
    </tr>
  );
}

function Value({ run, column, search }: { run: RunInfo; column: string; search: (query: string) => void }) {
  const { trackside } = useHere();
  switch (column) {
    case 'status':
      return <>{statusWord(run.status)}</>;
    case 'tags':
      return <Tags tags={run.tags.filter(tag => tag !== PIN)} search={search} />;
    case 'duration':
      return <>{runDuration(run, trackside.now())}</>;
    case 'started':
      return <>{run.started_at === null ? '–' : moment(run.started_at, trackside.now())}</>;
    default: {
      const value = valueOf(run, column);
      const words = value === undefined ? '' : exact(value);
      return <span title={words}>{typeof value === 'number' ? number(value) : words}</span>;
    }
  }
}

function Tags({ tags, search }: { tags: readonly string[]; search: (query: string) => void }): JSX.Element {
  return (
    <>
      {tags.map(tag => (
        <button
          type="button"
          key={tag}
          className="ts-chip"
          title={say('Show the runs with this tag')}
          onClick={() => search(`tag:${/\s/.test(tag) ? `"${tag}"` : tag}`)}
        >
          {tag}
        </button>
      ))}
    </>
  );
}
