/** The heading of a column by which a table can be sorted. */
import * as React from 'react';

import type { Order } from '../model/rows';
import { say } from '../words';

interface Props {
  column: string;
  sorting: Order | null;
  sort: (sorting: Order) => void;
  /** Whether the first click puts the greatest first. */
  down?: boolean;
  children: React.ReactNode;
}

export function SortHead({ column, sorting, sort, down = false, children }: Props): JSX.Element {
  const sorted = sorting?.column === column ? sorting : null;
  return (
    <th scope="col" aria-sort={sorted === null ? undefined : sorted.down ? 'descending' : 'ascending'}>
      <button
        type="button"
        className="ts-sort"
        title={say('Sort')}
        data-column={column}
        onClick={() => sort({ column, down: sorted === null ? down : !sorted.down })}
      >
        {children}
        <span aria-hidden="true">{sorted === null ? '' : sorted.down ? ' ↓' : ' ↑'}</span>
      </button>
    </th>
  );
}
