import { expect, it } from 'vitest';

import { NONE, neighbour, stretched, toggled } from '../../src/model/chosen';

const LISTED = ['a', 'b', 'c', 'd'];

it('one row is chosen and given back', () => {
  const one = toggled(NONE, 'b');
  expect([...one]).toEqual(['b']);
  expect([...toggled(one, 'b')]).toEqual([]);
});

it('a stretch goes either way from where one began, and keeps what was chosen', () => {
  expect([...stretched(new Set(['d']), LISTED, 'c', 'a')]).toEqual(['d', 'a', 'b', 'c']);
  expect([...stretched(NONE, LISTED, 'b', 'd')]).toEqual(['b', 'c', 'd']);
  expect([...stretched(NONE, LISTED, 'gone', 'd')]).toEqual(['d']);
  expect([...stretched(NONE, LISTED, null, 'd')]).toEqual(['d']);
});

it('a waiting job goes up and down by one place, not beyond the ends', () => {
  expect(neighbour(LISTED, 'c', -1)).toBe('b');
  expect(neighbour(LISTED, 'b', 1)).toBe('d');
  expect(neighbour(LISTED, 'c', 1)).toBeNull();
  expect(neighbour(LISTED, 'a', -1)).toBeUndefined();
  expect(neighbour(LISTED, 'd', 1)).toBeUndefined();
  expect(neighbour(LISTED, 'x', 1)).toBeUndefined();
});
