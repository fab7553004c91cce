/** The table of runs: only the rows in sight stand in the document, and a run that comes in moves none of them. */
import * as React from 'react';

import { titleOf } from '../model/columns';
import type { Listed } from '../model/runlist';
import { say } from '../words';
import type { ChosenRunsById } from './ChosenRuns';
import { RunRow } from './RunRow';
import type { RowActions } from './RunRow';

/** Height of a row in pixels, as the style sheet has it. */
const ROW = 25;
const BEYOND = 8;

interface Props extends RowActions {
  listed: Listed;
  look: (first: number, last: number) => void;
  columns: readonly string[];
  /** Whether one chose them. */
  own: boolean;
  selected: string | null;
  chosen: ChosenRunsById;
}

export function RunTable(props: Props): JSX.Element | null {
  const { listed, look, columns, own, selected, chosen, ...actions } = props;
  const total = listed.total ?? 0;
  const { room, first, last, onScroll } = useRoom(total, look);
  if (total === 0 && listed.pinned.length === 0) {
    return null;
  }
  const row = { columns, selected, ...actions };
  return (
    <div className="ts-runs-room" ref={room} onScroll={onScroll} tabIndex={-1} data-trackside="run-room">
      <table
        className={`ts-table ts-runs ${chosen.size > 0 ? 'ts-choosing' : ''}`}
        aria-rowcount={total + 1}
        data-own={own}
        data-trackside="run-table"
      >
        <Head columns={columns} />
        {listed.pinned.length > 0 && (
          <tbody className="ts-pinned" data-trackside="pinned-runs">
            {listed.pinned.map(run => (
              <RunRow key={run.id} run={run} chosen={chosen.has(run.id)} {...row} />
            ))}
          </tbody>
        )}
        <tbody>
          <Space rows={first} />
          {Array.from({ length: Math.max(0, last - first) }, (_, index) => {
            const place = total - 1 - first - index;
            const run = listed.rows.get(place);
            return run === undefined ? (
              <Space key={place} rows={1} />
            ) : (
              <RunRow key={run.id} run={run} index={first + index} chosen={chosen.has(run.id)} {...row} />
            );
          })}
          <Space rows={total - last} />
        </tbody>
      </table>
    </div>
  );
}

function Head({ columns }: { columns: readonly string[] }): JSX.Element {
  const words: Record<string, string> = {
    status: say('status'),
    tags: say('tags'),
    duration: say('took'),
    started: say('began')
  };
  return (
    <thead>
      <tr aria-rowindex={1}>
        <th scope="col">{say('run')}</th>
        {columns.map(column => (
          <th scope="col" key={column} title={column} data-column={column}>
            {words[column] ?? titleOf(column)}
          </th>
        ))}
      </tr>
    </thead>
  );
}

/** The room of rows that are not in sight, or not known yet. */
function Space({ rows }: { rows: number }): JSX.Element | null {
  return rows <= 0 ? null : (
    <tr className="ts-space" aria-hidden="true" style={{ height: rows * ROW }}>
      <td />
    </tr>
  );
}

/** Which rows are in sight, and the place kept when newer runs come in above. */
function useRoom(total: number, look: Props['look']) {
  const room = React.useRef<HTMLDivElement>(null);
  const [top, setTop] = React.useState(0);
  const height = room.current?.clientHeight ?? 0;
  const first = Math.max(0, Math.min(Math.floor(top / ROW), total) - BEYOND);
  const last = Math.min(total, Math.ceil((top + Math.max(height, 400)) / ROW) + BEYOND);
  const before = React.useRef(total);
  React.useLayoutEffect(() => {
    const came = total - before.current;
    before.current = total;
    if (came > 0 && room.current !== null && room.current.scrollTop > ROW) {
      room.current.scrollTop += came * ROW;
    }
  }, [total]);
  React.useEffect(() => look(first, last), [first, last, total]);
  const onScroll = (event: React.UIEvent<HTMLDivElement>) => setTop(event.currentTarget.scrollTop);
  return { room, first, last, onScroll };
}
