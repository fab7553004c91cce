/** The curves of one run: history as the server gives it, then every record as it is logged. */
import type { Fields, Metrics } from '../api/types';
import type { Points } from './decimate';

export type Axis = 'step' | 'time';

const OWN = new Set(['_idx', '_timestamp', 'step']);
const SPECIAL: Record<string, number> = { NaN: Number.NaN, Infinity: Infinity, '-Infinity': -Infinity };

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
  private rising = true;

  constructor(readonly key: string) {}

  push(x: number, y: number): void {
    if (this.length === this.x.length) {
      this.x = doubled(this.x);
      this.y = doubled(this.y);
    }
    this.rising &&= this.length === 0 || x >= (this.x[this.length - 1] ?? x);
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

  /** The points in the order of x; a later attempt may have begun its steps anew. */
  sorted(): Points {
    if (!this.rising) {
      const order = Array.from({ length: this.length }, (_, index) => index);
      order.sort((a, b) => (this.x[a] ?? 0) - (this.x[b] ?? 0));
      this.x = Float64Array.from(order, index => this.x[index] ?? 0);
      this.y = Float64Array.from(order, index => this.y[index] ?? 0);
      this.rising = true;
    }
    return this;
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
      const x = this.axis === 'time' ? time(record) : step(record, this.records);
      this.records += 1;
      if (x === null) {
        continue;
      }
      for (const key in record) {
        const value = OWN.has(key) ? null : numeric(record[key]);
        if (value !== null) {
          this.curve(key).push(x, value);
        }
      }
    }
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
