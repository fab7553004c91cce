import { describe, expect, it } from 'vitest';

import { compared, ordered, rowsOf } from '../../src/model/rows';

describe('records as rows', () => {
  const records = [
    { _idx: 0, _timestamp: '2026-11-26T10:00:00Z', step: 0, loss: 1 },
    { _idx: 1, step: 1, loss: 'NaN' },
    { _idx: 2, step: 1, acc: 0.5 },
    { _idx: 3, step: 0, loss: 0.9 }
  ];

  it('are one for each step, the one written last first, with all that was logged there', () => {
    const { rows, keys } = rowsOf(records);
    expect(keys).toEqual(['loss', 'acc']);
    expect(rows.map(row => [row.step, row.values])).toEqual([
      [0, { loss: 0.9 }],
      [1, { loss: 'NaN', acc: 0.5 }]
    ]);
  });

  it('count where there is no step', () => {
    expect(rowsOf([{ a: 1 }, { a: 2 }]).rows.map(row => row.step)).toEqual([1, 0]);
  });

  it('are sorted by any column, what has no value last', () => {
    const { rows } = rowsOf([...records, { _idx: 4, step: 2, acc: 0.7 }]);
    expect(ordered(rows, { column: 'acc', down: true }).map(row => row.step)).toEqual([2, 1, 0]);
    expect(ordered(rows, { column: 'loss', down: false }).map(row => row.step)).toEqual([0, 2, 1]);
    expect(ordered(rows, { column: 'step', down: false }).map(row => row.step)).toEqual([0, 1, 2]);
  });
});

it('texts with numbers in them are compared as people count', () => {
  expect(['b10', 'b9', null, 'a'].sort((a, b) => compared(a, b, false))).toEqual(['a', 'b9', 'b10', null]);
  expect([1, Number.NaN, 3].sort((a, b) => compared(a, b, true))).toEqual([3, 1, Number.NaN]);
});
