/** The curves of one run: history as the server gives it, then every record as it is logged. */
import type { Fields, Metrics } from '../api/types';
import type { Points } from './decimate';

/** `step`, `time`, or the key of a metric. */
export type Axis = string;

/** Keys of a record that are no metrics. */
export const OWN: ReadonlySet<string> = new Set(['_idx', '_timestamp', 'step']);
const SPECIAL: Record<string, number> = { NaN: Number.NaN, Infinity: Infinity, '-Infinity': -Infinity };

/** The points of a curve between two places of its axis. */
export interface Detail {
  readonly low: number;
  readonly high: number;
  readonly points: Points;
}

/** One metric. Points that are no finite number are kept as NaN: they make a gap. */
export class Curve implements Points {
  x = new Float64Array(256);
  y = new Float64Array(256);
  length = 0;
  /** Points logged; more than `length` where history came downsampled. */
  count = 0;
  last: number | null = null;
  lastX: number | null = null;
  min: number | null = null;
  max: number | null = null;
  /** Where the first value that is no finite number was logged. */
  broken: { readonly x: number; readonly value: number } | null = null;
  /** More points of a part of it, where history came downsampled and somebody looks closer. */
  detail: Detail | null = null;
  /** How many of the first points stand in the order of x. */
  private ordered = 0;

  constructor(readonly key: string) {}

  push(x: number, y: number): void {
    if (this.length === this.x.length) {
      this.x = doubled(this.x);
      this.y = doubled(this.y);
    }
    if (this.ordered === this.length && (this.length === 0 || x >= (this.x[this.length - 1] ?? x))) {
      this.ordered += 1;
    }
    this.x[this.length] = x;
    this.y[this.length] = Number.isFinite(y) ? y : Number.NaN;
    this.length += 1;
    this.count += 1;
    this.last = y;
    this.lastX = x;
    if (Number.isFinite(y)) {
      this.min = this.min === null ? y : Math.min(this.min, y);
      this.max = this.max === null ? y : Math.max(this.max, y);
    } else {
      this.broken ??= { x, value: y };
    }
  }

  /** The points to draw between two places: those of the detail where it covers them all. */
  between(low: number, high: number): Points {
    return this.detail !== null && this.hasDetail(low, high) ? this.detail.points : this.sorted();
  }

  hasDetail(low: number, high: number): boolean {
    return this.detail !== null && this.detail.low <= low && high <= this.detail.high;
  }

  /** The points in the order of x; a later attempt may have begun its steps anew. */
  sorted(): Points {
    if (this.ordered < this.length) {
      const late = Array.from({ length: this.length - this.ordered }, (_, index) => this.ordered + index);
      late.sort((a, b) => (this.x[a] ?? 0) - (this.x[b] ?? 0));
      this.merge(late);
    }
    return this;
  }

  /** Put the points of these places, which are in order, among the ordered ones before them. */
  private merge(late: readonly number[]): void {
    const [x, y] = [new Float64Array(this.x.length), new Float64Array(this.y.length)];
    let [early, next] = [0, 0];
    for (let index = 0; index < this.length; index++) {
      const place = late[next];
      const first = place === undefined || (early < this.ordered && (this.x[early] ?? 0) <= (this.x[place] ?? 0));
      const from = first ? early++ : (late[next++] ?? 0);
      x[index] = this.x[from] ?? 0;
      y[index] = this.y[from] ?? 0;
    }
    [this.x, this.y] = [x, y];
    this.ordered = this.length;
  }
}

/** The curves of one run over one x axis. */
export class Curves {
  readonly byKey = new Map<string, Curve>();
  private records = 0;

  constructor(readonly axis: Axis) {}

  get keys(): string[] {
    return [...this.byKey.keys()];
  }

  /** Take history as the server downsampled it. */
  load(metrics: Metrics): void {
    for (const [key, series] of Object.entries(metrics.series)) {
      const curve = this.curve(key);
      series.x.forEach((x, index) => curve.push(x, series.y[index] ?? Number.NaN));
      curve.count = series.count;
      curve.last = typeof series.last === 'string' ? (SPECIAL[series.last] ?? null) : series.last;
      curve.min = series.min;
      curve.max = series.max;
      this.records = Math.max(this.records, series.count);
    }
  }

  /** Take records as they were logged. */
  append(records: readonly Fields[]): void {
    for (const record of records) {
      const x = this.place(record);
      this.records += 1;
      if (x === null) {
        continue;
      }
      for (const key in record) {
        const value = OWN.has(key) || key === this.axis ? null : numeric(record[key]);
        if (value !== null) {
          this.curve(key).push(x, value);
        }
      }
    }
  }

  /** Take more points of a part of the curves. */
  loadDetail(metrics: Metrics, low: number, high: number): void {
    for (const [key, series] of Object.entries(metrics.series)) {
      const curve = this.byKey.get(key);
      if (curve !== undefined) {
        const y = series.y.map(value => value ?? Number.NaN);
        curve.detail = { low, high, points: { x: series.x, y, length: y.length } };
      }
    }
  }

  /** Whether history of some curve has more points than came. */
  get thinned(): boolean {
    return [...this.byKey.values()].some(curve => curve.length < curve.count);
  }

  private place(record: Fields): number | null {
    if (this.axis === 'time') {
      return time(record);
    }
    return this.axis === 'step' ? step(record, this.records) : finite(record[this.axis]);
  }

  private curve(key: string): Curve {
    let curve = this.byKey.get(key);
    if (curve === undefined) {
      curve = new Curve(key);
      this.byKey.set(key, curve);
    }
    return curve;
  }
}

/** A number as records hold it, else null. */
export function numeric(value: unknown): number | null {
  if (typeof value === 'number') {
    return value;
  }
  return typeof value === 'string' ? (SPECIAL[value] ?? null) : null;
}

function finite(value: unknown): number | null {
  const number = numeric(value);
  return number !== null && Number.isFinite(number) ? number : null;
}

function step(record: Fields, number: number): number {
  return numeric(record['step']) ?? numeric(record['_idx']) ?? number;
}

function time(record: Fields): number | null {
  const at = Date.parse(String(record['_timestamp']));
  return Number.isNaN(at) ? null : at / 1000;
}

function doubled(values: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(values.length * 2);
  larger.set(values);
  return larger;
}
