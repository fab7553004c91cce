import { describe, expect, it } from 'vitest';

import type { Metrics } from '../../src/api/types';
import { Curves } from '../../src/model/series';
import { smooth } from '../../src/model/smooth';

const history: Metrics = {
  run_id: 'job-1',
  x: 'step',
  next: 900,
  torn: 0,
  series: { loss: { x: [0, 50, 99], y: [2, null, 1], count: 100, last: 1, min: 0.5, max: 2 } }
};

describe('curves', () => {
  it('go on after downsampled history with the true count, minimum and maximum', () => {
    const curves = new Curves('step');
    curves.load(history);
    curves.append([{ _idx: 100, step: 100, loss: 0.4 }]);
    const loss = curves.byKey.get('loss');
    expect(loss).toMatchObject({ count: 101, length: 4, last: 0.4, lastX: 100, min: 0.4, max: 2 });
  });

  it('take the step, else the index of the record, else its number', () => {
    const curves = new Curves('step');
    curves.append([{ step: 5, a: 1 }, { _idx: 9, a: 1 }, { a: 1 }]);
    expect([...(curves.byKey.get('a')?.x.subarray(0, 3) ?? [])]).toEqual([5, 9, 2]);
  });

  it('over time take the timestamp in seconds and pass over records without one', () => {
    const curves = new Curves('time');
    curves.append([{ _timestamp: '1970-01-01T00:01:00.5Z', a: 1 }, { a: 2 }]);
    expect(curves.byKey.get('a')).toMatchObject({ length: 1, lastX: 60.5 });
  });

  it('keep what is no number as a gap and remember where it began', () => {
    const curves = new Curves('step');
    curves.append([
      { step: 0, loss: 1 },
      { step: 1, loss: 'NaN' },
      { step: 2, loss: 'Infinity' },
      { step: 3, loss: 2 }
    ]);
    const loss = curves.byKey.get('loss');
    expect(loss?.broken).toEqual({ x: 1, value: Number.NaN });
    expect(Number.isNaN(loss?.y[2])).toBe(true);
    expect(loss).toMatchObject({ min: 1, max: 2, last: 2 });
  });

  it('leave out texts, truth values and their own columns', () => {
    const curves = new Curves('step');
    curves.append([{ _idx: 0, _timestamp: 'x', step: 0, note: 'hello', flag: true, none: null, acc: 1 }]);
    expect(curves.keys).toEqual(['acc']);
  });

  it('are drawn in the order of x when a later attempt began its steps anew', () => {
    const curves = new Curves('step');
    curves.append([0, 1, 2, 0, 1].map((step, index) => ({ step, a: index })));
    const sorted = curves.byKey.get('a')?.sorted();
    expect([...(sorted?.x as Float64Array).subarray(0, 5)]).toEqual([0, 0, 1, 1, 2]);
    expect([...(sorted?.y as Float64Array).subarray(0, 5)]).toEqual([0, 3, 1, 4, 2]);
  });

  it('hold 100,000 points', () => {
    const curves = new Curves('step');
    curves.append(Array.from({ length: 100_000 }, (_, step) => ({ step, a: step })));
    expect(curves.byKey.get('a')).toMatchObject({ length: 100_000, count: 100_000, max: 99_999 });
  });
});

describe('smoothing', () => {
  it('begins at the first value and keeps a constant', () => {
    const { y } = smooth({ x: [0, 1, 2], y: [5, 5, 5], length: 3 }, 0.9);
    expect(Array.from(y, value => Math.round(value * 1e9) / 1e9)).toEqual([5, 5, 5]);
  });

  it('keeps gaps and goes on after them', () => {
    const { y } = smooth({ x: [0, 1, 2], y: [1, Number.NaN, 1], length: 3 }, 0.5);
    expect(Number.isNaN(y[1])).toBe(true);
    expect(y[2]).toBeCloseTo(1);
  });
});

describe('curves over another metric', () => {
  it('have their place where that metric was logged with a finite value', () => {
    const curves = new Curves('tokens');
    curves.append([
      { step: 0, tokens: 100, loss: 3 },
      { step: 1, loss: 2 },
      { step: 2, tokens: 'NaN', loss: 2 },
      { step: 3, tokens: 300, loss: 1 }
    ]);
    expect([...(curves.byKey.get('loss')?.x.subarray(0, 2) ?? [])]).toEqual([100, 300]);
    expect(curves.byKey.get('loss')?.length).toBe(2);
    expect(curves.byKey.has('tokens')).toBe(false);
  });
});

describe('a part of a thinned curve', () => {
  it('is drawn from the points that were asked for, where they cover what is shown', () => {
    const curves = new Curves('step');
    curves.load(history);
    expect(curves.thinned).toBe(true);
    const series = { loss: { ...history.series['loss']!, x: [10, 11, 12], y: [1.5, null, 1.4] } };
    curves.loadDetail({ ...history, series }, 10, 12);
    const loss = curves.byKey.get('loss');
    expect(Array.from(loss?.between(10, 12).y ?? [])).toEqual([1.5, Number.NaN, 1.4]);
    expect(loss?.between(5, 12).length).toBe(3);
    expect(loss?.between(5, 12)).toBe(loss);
  });
});

describe('points that come out of order', () => {
  it('are merged among those before them, equal places in the order in which they came', () => {
    const curves = new Curves('lr');
    const seen = () => Array.from({ length: curve()?.length ?? 0 }, (_, n) => [curve()?.sorted().x[n], curve()?.y[n]]);
    const curve = () => curves.byKey.get('loss');
    curves.append([
      { lr: 3, loss: 30 },
      { lr: 2, loss: 20 },
      { lr: 1, loss: 10 }
    ]);
    expect(seen()).toEqual([
      [1, 10],
      [2, 20],
      [3, 30]
    ]);
    curves.append([
      { lr: 2, loss: 21 },
      { lr: 4, loss: 40 },
      { lr: 0, loss: 0 }
    ]);
    expect(seen()).toEqual([
      [0, 0],
      [1, 10],
      [2, 20],
      [2, 21],
      [3, 30],
      [4, 40]
    ]);
    expect(curve()).toMatchObject({ last: 0, lastX: 0, min: 0, max: 40, length: 6 });
  });
});
