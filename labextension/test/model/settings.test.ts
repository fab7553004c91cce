import { expect, it } from 'vitest';

import { differing, flat } from '../../src/model/settings';

it('names nested settings by their way and leaves out what has no value', () => {
  expect(flat({ model: { depth: 3, act: null }, lr: 0.1, sizes: [1, 2], empty: {} })).toEqual([
    ['model.depth', 3],
    ['lr', 0.1],
    ['sizes', [1, 2]],
    ['empty', {}]
  ]);
});

it('shows only where runs differ, and that one has no such setting', () => {
  const rows = differing([
    { lr: 0.1, seed: 1, model: { depth: 3 } },
    { lr: 0.01, seed: 1 }
  ]);
  expect(rows).toEqual([
    { key: 'lr', values: ['0.1', '0.01'] },
    { key: 'model.depth', values: ['3', ''] }
  ]);
});
