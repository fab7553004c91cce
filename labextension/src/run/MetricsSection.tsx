/** The metrics of a run as a table: the newest rows first, live, sorted by any column. */
import * as React from 'react';

import type { RunModel } from '../model/run';
import { ordered, rowsOf } from '../model/rows';
import type { MetricRow, Order } from '../model/rows';
import { count, fullMoment, number, say } from '../words';
import { Fold } from './Fold';
import { SortHead } from './SortHead';
import { useFrame } from './surroundings';

const MOST_ROWS = 200;
const MOST_KEYS = 24;

export function MetricsSection({ model }: { model: RunModel }): JSX.Element | null {
  const feed = model.metrics('step');
  useFrame(feed.version);
  return feed.curves.byKey.size === 0 ? null : (
    <Fold name="metrics" title={say('Metrics')} folded={true}>
      <MetricsTable model={model} />
    </Fold>
  );
}

function MetricsTable({ model }: { model: RunModel }): JSX.Element {
  const feed = model.metrics('step');
  const version = useFrame(feed.version);
  const [sorting, sort] = React.useState<Order | null>(null);
  React.useEffect(() => {
    const watching = feed.watch();
    return () => watching.dispose();
  }, [feed]);
  React.useEffect(() => void feed.readTail(), [feed, version]);
  const { rows, keys } = React.useMemo(() => rowsOf(feed.tail ?? []), [version, feed]);
  const shown = (sorting === null ? rows : ordered(rows, sorting)).slice(0, MOST_ROWS);
  const columns = keys.slice(0, MOST_KEYS);
  const head = (column: string, title: string) => (
    <SortHead key={column} column={column} sorting={sorting} sort={sort} down={true}>
      {title}
    </SortHead>
  );
  return (
    <>
      <div className="ts-table-room ts-rows-room" tabIndex={0} role="region" aria-label={say('Metrics')}>
        <table className="ts-table" data-trackside="metrics-table" data-rows={rows.length}>
          <thead>
            <tr>
              {head('step', say('step'))}
              {columns.map(key => head(key, key))}
              {head('time', say('time'))}
            </tr>
          </thead>
          <tbody>
            {shown.map(row => (
              <Row key={row.step} row={row} keys={columns} />
            ))}
          </tbody>
        </table>
      </div>
      <p className="ts-note ts-flush">
        {rows.length > shown.length
          ? say('The newest %1 rows.', shown.length)
          : count('%1 row', '%1 rows', rows.length)}{' '}
        {say('All of them:')} <code>{`trackside.job("${model.id}").metrics()`}</code>
      </p>
    </>
  );
}

function Row({ row, keys }: { row: MetricRow; keys: readonly string[] }): JSX.Element {
  return (
    <tr data-step={row.step}>
      <td>{number(row.step)}</td>
      {keys.map(key => (
        <td key={key}>{cell(row.values[key])}</td>
      ))}
      <td>{row.time === null ? '' : fullMoment(new Date(row.time).toISOString())}</td>
    </tr>
  );
}

function cell(value: unknown): string {
  return value === undefined || value === null ? '' : typeof value === 'number' ? number(value) : String(value);
}
