/** The first rows of a table, as its record has them. */
import * as React from 'react';

import type { MediaRecord } from '../api/types';
import { count, number, say } from '../words';

const FEW = 6;
type Cell = unknown;

export function HeadRows({ record }: { record: MediaRecord }): JSX.Element {
  const [all, setAll] = React.useState(false);
  const head = record.head ?? [];
  const shown = all ? head : head.slice(0, FEW);
  return (
    <div className="ts-rows" data-trackside="media-table">
      <Rows names={record.names ?? []} head={head} shown={shown} />
      <Rest record={record} folded={head.length - shown.length} unfold={() => setAll(true)} />
    </div>
  );
}

function Rows(props: { names: readonly string[]; head: readonly Cell[][]; shown: readonly Cell[][] }): JSX.Element {
  const { names, head, shown } = props;
  const looks = names.map((_, column) => (head.some(row => isWords(row[column])) ? 'ts-textual' : undefined));
  return (
    <div className="ts-table-room">
      <table className="ts-table ts-head-rows">
        <thead>
          <tr>
            {names.map((name, column) => (
              <th key={column} scope="col" className={looks[column]}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((row, place) => (
            <tr key={place}>
              {row.map((cell, column) => (
                <td key={column} className={looks[column]}>
                  {words(cell)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
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

function words(cell: Cell): React.ReactNode {
  if (cell === null || cell === undefined) {
    return <span className="ts-faint">–</span>;
  }
  return typeof cell === 'number' ? number(cell) : String(cell);
}
