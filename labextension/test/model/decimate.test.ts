import { describe, expect, it } from 'vitest';

import { decimate, joined } from '../../src/model/decimate';
import type { Points } from '../../src/model/decimate';

function points(y: number[], x: number[] = y.map((_, index) => index)): Points {
  return { x, y, length: y.length };
}

describe('decimation', () => {
  it('leaves alone what fits', () => {
    expect(decimate(points([1, 2, 3]), 0, 2, 100)).toEqual({ x: [0, 1, 2], y: [1, 2, 3] });
  });

  it('keeps each spike, up and down, and the order of x', () => {
    const y = Array.from({ length: 100_000 }, (_, index) => Math.sin(index / 500));
    y[31_415] = 50;
    y[62_831] = -50;
    const shown = decimate(points(y), 0, y.length - 1, 300);
    expect(shown.y).toContain(50);
    expect(shown.y).toContain(-50);
    expect(shown.x.length).toBeLessThanOrEqual(602);
    expect(shown.x.every((x, index) => index === 0 || x > (shown.x[index - 1] ?? 0))).toBe(true);
  });

  it('keeps gaps', () => {
    const y = Array.from({ length: 10_000 }, (_, index) => (index === 5000 ? Number.NaN : 1));
    expect(decimate(points(y), 0, 9999, 50).y).toContain(null);
  });

  it('shows only what is in sight and one point beyond each edge', () => {
    const shown = decimate(points([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), 3.5, 6.5, 100);
    expect(shown.x).toEqual([3, 4, 5, 6, 7]);
  });

  it('costs no more than a few plain passes over the points', () => {
    const y = Float64Array.from({ length: 100_000 }, (_, index) => Math.cos(index));
    const curve = { x: Float64Array.from(y, (_, index) => index), y, length: y.length };
    const plain = fastest(() => y.reduce((most, value) => Math.max(most, value), 0));
    expect(fastest(() => decimate(curve, 0, 99_999, 800).x.length)).toBeLessThan(8 * plain + 1);
  });
});

/** Milliseconds of the fastest of ten tries. */
function fastest(act: () => number): number {
  const times = Array.from({ length: 10 }, () => {
    const begin = performance.now();
    act();
    return performance.now() - begin;
  });
  return Math.min(...times);
}

describe('curves on one x', () => {
  it('tell a gap (null) from a place without a point (undefined)', () => {
    const data = joined([
      { x: [0, 2], y: [1, null] },
      { x: [1, 2], y: [5, 6] }
    ]);
    expect(data).toEqual([
      [0, 1, 2],
      [1, undefined, null],
      [undefined, 5, 6]
    ]);
  });
});
