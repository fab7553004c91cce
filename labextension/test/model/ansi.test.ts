import { expect, it } from 'vitest';

import { PLAIN, pieces } from '../../src/model/ansi';

const looks = (line: string) => pieces(line, PLAIN).pieces.map(({ text, look }) => [text, look]);

it('reads the sixteen colours, bold and their end', () => {
  expect(looks('\x1b[1;31mbad\x1b[0m ok \x1b[92mgood\x1b[39m')).toEqual([
    ['bad', { bold: true, color: 'c1' }],
    [' ok ', {}],
    ['good', { color: 'c10' }]
  ]);
});

it('reads indexed and true colours and goes on after them', () => {
  expect(looks('\x1b[38;5;196;1mA\x1b[48;2;1;2;3mB')).toEqual([
    ['A', { color: 'rgb(255, 0, 0)', bold: true }],
    ['B', { color: 'rgb(255, 0, 0)', bold: true, background: 'rgb(1, 2, 3)' }]
  ]);
});

it('drops sequences that are no colours: cursor moves, titles, links', () => {
  expect(looks('a\x1b[2K\x1b[1Ab\x1b]0;title\x07c')).toEqual([
    ['a', {}],
    ['b', {}],
    ['c', {}]
  ]);
});
