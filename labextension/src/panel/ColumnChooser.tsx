/** Which columns the table of runs has: all that its runs have something for, to be searched and chosen. */
import * as React from 'react';

import type { RunInfo } from '../api/types';
import { columnsOf } from '../model/columns';
import { say } from '../words';

interface Props {
  runs: readonly RunInfo[];
  columns: readonly string[];
  /** null: those that tell the runs apart, as long as nothing was chosen. */
  choose: (columns: readonly string[] | null) => void;
}

export function ColumnChooser({ runs, columns, choose }: Props): JSX.Element {
  const [open, setOpen] = React.useState(false);
  const leave = (event: React.KeyboardEvent) => event.key === 'Escape' && setOpen(false);
  return (
    <div className="ts-columns" onKeyDown={leave}>
      <button
        type="button"
        className="ts-button"
        aria-expanded={open}
        data-trackside="choose-columns"
        onClick={() => setOpen(!open)}
      >
        {say('Columns')}
      </button>
      {open && <Choice runs={runs} columns={columns} choose={choose} />}
    </div>
  );
}

function Choice({ runs, columns, choose }: Props): JSX.Element {
  const [words, setWords] = React.useState('');
  const known = [...new Set([...columns, ...columnsOf(runs)])];
  const found = known.filter(column => column.toLowerCase().includes(words.toLowerCase()));
  const toggle = (column: string) =>
    choose(columns.includes(column) ? columns.filter(each => each !== column) : [column, ...columns]);
  return (
    <div className="ts-columns-list" role="group" aria-label={say('Columns of the table')} data-trackside="columns">
      <input
        className="ts-input"
        type="search"
        value={words}
        placeholder={say('Find a setting or metric')}
        aria-label={say('Find a setting or metric')}
        autoFocus={true}
        onChange={event => setWords(event.target.value)}
      />
      <div className="ts-columns-found">
        {found.map(column => (
          <label key={column}>
            <input
              type="checkbox"
              checked={columns.includes(column)}
              data-column={column}
              onChange={() => toggle(column)}
            />
            {column}
          </label>
        ))}
      </div>
      <button type="button" className="ts-link" onClick={() => choose(null)}>
        {say('Back to the usual ones')}
      </button>
    </div>
  );
}
