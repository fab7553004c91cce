import { expect, it } from 'vitest';

import { best, goal, group, shortLabel } from '../../src/model/groups';

it('puts train and validation of one metric together, what training is about first', () => {
  const groups = group(['lr', 'val/loss', 'acc_val', 'train/loss', 'acc_train', 'epoch']);
  expect(groups.map(({ title, keys }) => [title, keys])).toEqual([
    ['loss', ['train/loss', 'val/loss']],
    ['acc', ['acc_train', 'acc_val']],
    ['lr', ['lr']],
    ['epoch', ['epoch']]
  ]);
});

it('leaves a metric that stands alone its whole name', () => {
  expect(group(['train/loss'])[0]?.title).toBe('train/loss');
});

it('calls the members of a group by what tells them apart', () => {
  expect(['train/loss', 'loss_val', 'loss'].map(key => shortLabel(key, 'loss'))).toEqual(['train', 'val', 'loss']);
});

it('knows which way is better, or that it does not know', () => {
  expect(['val_loss', 'train/nll', 'accuracy', 'val/f1', 'lr', 'glossary'].map(goal)).toEqual([
    'min',
    'min',
    'max',
    'max',
    null,
    null
  ]);
});

it('finds the best of several and none where there is nothing to compare', () => {
  expect(best([0.3, null, 0.1], 'min')).toBe(2);
  expect(best([0.3, Number.NaN, 0.9], 'max')).toBe(2);
  expect(best([0.3], 'min')).toBeNull();
  expect(best([1, 2], null)).toBeNull();
});
