/** Points of a curve that a screen can show: in each pixel column the least and the greatest, gaps kept. */

export interface Points {
  readonly x: ArrayLike<number>;
  /** NaN where the value was not a finite number. */
  readonly y: ArrayLike<number>;
  readonly length: number;
}

export interface Shown {
  readonly x: number[];
  readonly y: (number | null)[];
}

/** Return the points between `low` and `high` (and one beyond each) in at most two per column; `x` must rise. */
export function decimate(points: Points, low: number, high: number, columns: number): Shown {
  const first = Math.max(0, lowerBound(points, low) - 1);
  const last = Math.min(points.length, lowerBound(points, high, true) + 1);
  if (last - first <= columns * 2) {
    return copied(points, first, last);
  }
  return perColumn(points, first, last, low, (high - low) / columns || 1);
}

function copied(points: Points, first: number, last: number): Shown {
  const shown: Shown = { x: [], y: [] };
  for (let index = first; index < last; index++) {
    push(shown, points, index);
  }
  return shown;
}

function perColumn(points: Points, first: number, last: number, low: number, width: number): Shown {
  const shown: Shown = { x: [], y: [] };
  const { x, y } = points;
  let edge = -Infinity;
  let [least, greatest, gap] = [-1, -1, -1];
  let [bottom, top] = [Infinity, -Infinity];
  for (let index = first; index < last; index++) {
    const at = x[index] as number;
    if (at >= edge) {
      pushColumn(shown, points, least, greatest, gap);
      edge = low + (Math.floor((at - low) / width) + 1) * width;
      [least, greatest, gap] = [-1, -1, -1];
      [bottom, top] = [Infinity, -Infinity];
    }
    const value = y[index] as number;
    if (value < bottom) {
      bottom = value;
      least = index;
    }
    if (value > top) {
      top = value;
      greatest = index;
    }
    if (value !== value) {
      gap = index;
    }
  }
  pushColumn(shown, points, least, greatest, gap);
  return shown;
}

/** Add the chosen points of one column in the order of x. */
function pushColumn(shown: Shown, points: Points, ...chosen: number[]): void {
  let before = -1;
  for (const index of chosen.sort((a, b) => a - b)) {
    if (index > before) {
      push(shown, points, index);
      before = index;
    }
  }
}

function push(shown: Shown, points: Points, index: number): void {
  const value = points.y[index] ?? Number.NaN;
  shown.x.push(points.x[index] ?? 0);
  shown.y.push(Number.isFinite(value) ? value : null);
}

/** First index whose x is not below `value` (with `above`: is above it). */
function lowerBound(points: Points, value: number, above = false): number {
  let [low, high] = [0, points.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const at = points.x[middle] ?? 0;
    if (at < value || (above && at === value)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/** Curves of different x on one x, as a chart needs them: null is a gap, undefined means that no point is there. */
export function joined(curves: readonly Shown[]): [number[], ...(number | null | undefined)[][]] {
  const all = new Set<number>();
  for (const { x } of curves) {
    for (const value of x) {
      all.add(value);
    }
  }
  const x = Float64Array.from(all).sort();
  const place = new Map<number, number>();
  x.forEach((value, index) => place.set(value, index));
  const columns = curves.map(curve => {
    const column = new Array<number | null | undefined>(x.length);
    curve.x.forEach((value, index) => {
      column[place.get(value) ?? 0] = curve.y[index];
    });
    return column;
  });
  return [Array.from(x), ...columns];
}
