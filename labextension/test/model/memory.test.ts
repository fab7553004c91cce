import { expect, it } from 'vitest';

import { Memory } from '../../src/model/memory';

it('keeps what was chosen, and what was chosen before it was restored', () => {
  const kept: unknown[] = [];
  const memory = new Memory(all => kept.push(all));
  memory.set('a', 1);
  memory.restore({ a: 0, b: 2 });
  memory.set('b', 3);
  expect(memory.state.get()).toEqual({ a: 1, b: 3 });
  expect(kept.at(-1)).toEqual({ a: 1, b: 3 });
});

it('takes nothing that is not what it keeps', () => {
  const memory = new Memory();
  for (const wrong of [null, undefined, 'text', [1]]) {
    memory.restore(wrong);
  }
  expect(memory.state.get()).toEqual({});
});

it('forgets the oldest choice when there are too many', () => {
  const memory = new Memory();
  for (let n = 0; n < 302; n++) {
    memory.set(`panel-${n}`, n);
  }
  memory.set('panel-2', 'again');
  const names = Object.keys(memory.state.get());
  expect(names).toHaveLength(300);
  expect([names[0], names.at(-1)]).toEqual(['panel-3', 'panel-2']);
});
