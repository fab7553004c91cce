import { expect, it } from 'vitest';

import { endOf, isOlder, textTable } from '../../src/model/saved';

const run = (status: 'running' | 'completed' | 'failed', finished_at: string | null = null) => ({
  status,
  finished_at
});

it('several runs have ended when the last one has', () => {
  const [early, late] = ['2026-11-26T09:00:00Z', '2026-11-26T10:00:00+00:00'];
  expect(endOf([run('completed', late), run('failed', early)])).toBe(late);
  expect(endOf([run('completed', late), run('running')])).toBeNull();
  expect(endOf([])).toBeNull();
});

it('an output is old unless it names this very end, however the time is written', () => {
  expect(isOlder({}, '2026-11-26T10:00:00.5Z')).toBe(true);
  expect(isOlder({ ended: '2026-11-26T10:00:00.500000+00:00' }, '2026-11-26T10:00:00.5Z')).toBe(false);
  expect(isOlder({ ended: '2026-11-26T09:00:00Z' }, '2026-11-26T10:00:00.5Z')).toBe(true);
});

it('columns of a text are as wide as they need', () => {
  expect(textTable(['run', 'last'], [['baseline', '0.1']])).toBe('run       last\nbaseline  0.1');
});
