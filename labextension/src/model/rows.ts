/** Records as a table: one row for each step, as `job.metrics()` has them. Pure. */
import type { Fields } from '../api/types';
import { numeric, OWN } from './series';

export interface MetricRow {
  /** The step; where none was logged, the number of the record. */
  readonly step: number;
  /** Milliseconds since the epoch, null where nothing is said. */
  readonly time: number | null;
  readonly values: Readonly<Record<string, unknown>>;
}

/** By which column a table is sorted, and whether the greatest comes first. */
export interface Order {
  readonly column: string;
  readonly down: boolean;
}

/** Return the rows, the newest first, and the metrics in the order in which they were first seen. */
export function rowsOf(records: readonly Fields[]): { rows: MetricRow[]; keys: string[] } {
  const keys = new Set<string>();
  const bySteps = new Map<number, MetricRow>();
  records.forEach((record, place) => {
    const step = numeric(record['step']) ?? numeric(record['_idx']) ?? place;
    const at = Date.parse(String(record['_timestamp']));
    const values = Object.fromEntries(Object.entries(record).filter(([key]) => !OWN.has(key)));
    Object.keys(values).forEach(key => keys.add(key));
    const before = bySteps.get(step)?.values;
    bySteps.delete(step);
    bySteps.set(step, { step, time: Number.isNaN(at) ? null : at, values: { ...before, ...values } });
  });
  return { rows: [...bySteps.values()].reverse(), keys: [...keys] };
}

/** Return the rows in this order; what has no value there comes last either way. */
export function ordered(rows: readonly MetricRow[], { column, down }: Order): MetricRow[] {
  const value = (row: MetricRow) =>
    column === 'step' ? row.step : column === 'time' ? row.time : numeric(row.values[column]);
  return [...rows].sort((a, b) => compared(value(a), value(b), down));
}

/** Compare two values of a column for sorting; null and NaN come last either way. */
export function compared(a: number | string | null, b: number | string | null, down: boolean): number {
  const [noA, noB] = [a === null || Number.isNaN(a), b === null || Number.isNaN(b)];
  if (noA || noB) {
    return Number(noA) - Number(noB);
  }
  const order =
    typeof a === 'number' && typeof b === 'number'
      ? a - b
      : String(a).localeCompare(String(b), undefined, { numeric: true });
  return down ? -order : order;
}
