/** The first rows of a table, as its record has them. */
import * as React from 'react';

import type { MediaRecord } from '../api/types';
import { count, number, say } from '../words';
import { DataRows } from './DataRows';

const FEW = 6;
type Cell = unknown;

export function HeadRows({ record }: { record: MediaRecord }): JSX.Element {
  const [all, setAll] = React.useState(false);
  const head = record.head ?? [];
  const columns = (record.names ?? []).map((name, place) => ({ name, textual: head.some(row => isWords(row[place])) }));
  const shown = all ? head : head.slice(0, FEW);
  return (
    <div className="ts-rows" data-trackside="media-table">
      <DataRows columns={columns} rows={shown.map(row => row.map(words))} />
      <Rest record={record} folded={head.length - shown.length} unfold={() => setAll(true)} />
    </div>
  );
}

/** What is not shown: the rest of the record on demand, the rest of the table in its file only. */
function Rest(props: { record: MediaRecord; folded: number; unfold: () => void }): JSX.Element | null {
  const { record, folded, unfold } = props;
  const rows = (record.rows ?? 0) - (record.head?.length ?? 0);
  const columns = (record.columns ?? 0) - (record.names?.length ?? 0);
  const parts = [
    rows > 0 ? count('%1 more row', '%1 more rows', rows) : '',
    columns > 0 ? count('%1 more column', '%1 more columns', columns) : ''
  ].filter(Boolean);
  if (folded <= 0 && parts.length === 0) {
    return null;
  }
  return (
    <p className="ts-note ts-flush">
      {folded > 0 && (
        <button type="button" className="ts-link" onClick={unfold}>
          {count('Show %1 more', 'Show %1 more', folded)}
        </button>
      )}
      {folded > 0 && parts.length > 0 && ' · '}
      {parts.length > 0 && say('%1 in the file', parts.join(', '))}
    </p>
  );
}

/** Whether a cell is text; a NaN is a number that JSON has no sign for. */
function isWords(cell: Cell): boolean {
  return typeof cell === 'string' && !['NaN', 'Infinity', '-Infinity'].includes(cell);
}

function words(cell: Cell): string | null {
  return cell === null || cell === undefined ? null : typeof cell === 'number' ? number(cell) : String(cell);
}
