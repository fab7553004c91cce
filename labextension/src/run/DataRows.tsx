/** Rows of data under the names of their columns. */
import * as React from 'react';

export interface Column {
  readonly name: string;
  /** Said below the name. */
  readonly type?: string;
  /** Whether it holds words, which stand at the left; numbers stand at the right. */
  readonly textual: boolean;
}

interface Props {
  columns: readonly Column[];
  /** One text for each column; null where there is no value. */
  rows: readonly (readonly (string | null)[])[];
}

export function DataRows({ columns, rows }: Props): JSX.Element {
  const look = (place: number) => (columns[place]?.textual ? 'ts-textual' : undefined);
  return (
    <div className="ts-table-room">
      <table className="ts-table ts-head-rows">
        <thead>
          <tr>
            {columns.map(({ name, type }, place) => (
              <th key={place} scope="col" className={look(place)}>
                {name}
                {type !== undefined && <span className="ts-type">{type}</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, place) => (
            <tr key={place}>
              {row.map((cell, column) => (
                <td key={column} className={look(column)}>
                  {cell ?? <span className="ts-faint">–</span>}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
