import { describe, expect, it } from 'vitest';

import type { Artifact } from '../../src/api/types';
import { matching, openAtFirst, placeAfter, rowsOf, treeOf } from '../../src/model/tree';
import type { Look, Row } from '../../src/model/tree';

function file(path: string, size = 1, day = 1): Artifact {
  return { path, name: path.split('/').pop() ?? '', size, modified: `2026-11-0${day}T00:00:00Z` };
}

function look(open: readonly string[] = [], first = 100, shown: readonly [string, number][] = []): Look {
  return { open: new Set(open), shown: new Map(shown), first };
}

/** Rows as one reads them. */
function written(rows: readonly Row[]): string[] {
  return rows.map(row => {
    const words =
      row.kind === 'folder' ? `${row.folder.name}/` : row.kind === 'file' ? row.file.name : `${row.hidden} more`;
    return '  '.repeat(row.depth) + words;
  });
}

const few = treeOf([
  file('b.txt', 5, 2),
  file('steps/step-10.pt', 100, 3),
  file('steps/step-2.pt', 100, 4),
  file('steps/best/model.pt', 50, 1),
  file('a.txt'),
  file('deep/er/most/x.json', 7, 5),
  file('deep/er/most/y.json', 7)
]);

describe('files as a tree', () => {
  it('are in folders that know how many, how large and how new the files below them are', () => {
    expect([few.count, few.size, few.modified]).toEqual([7, 270, '2026-11-05T00:00:00Z']);
    const steps = few.folders.find(({ name }) => name === 'steps');
    expect([steps?.count, steps?.size, steps?.modified]).toEqual([3, 250, '2026-11-04T00:00:00Z']);
  });

  it('stand below their folders, as people count, when these are open', () => {
    expect(written(rowsOf(few, look()))).toEqual(['deep/er/most/', 'steps/', 'a.txt', 'b.txt']);
    expect(written(rowsOf(few, look(['steps', 'steps/best'])))).toEqual([
      'deep/er/most/',
      'steps/',
      '  best/',
      '    model.pt',
      '  step-2.pt',
      '  step-10.pt',
      'a.txt',
      'b.txt'
    ]);
  });

  it('are not missed where a folder has the name of a property of objects', () => {
    const tree = treeOf([file('constructor/x'), file('__proto__/y')]);
    expect(written(rowsOf(tree, look()))).toEqual(['__proto__/', 'constructor/']);
  });

  it('are none, and the root is there all the same', () => {
    expect(rowsOf(treeOf([]), look())).toEqual([]);
  });
});

describe('a folder that is open', () => {
  it('shows the first of its entries, folders before files, and how many more there are', () => {
    expect(written(rowsOf(few, look(['steps'], 2)))).toEqual([
      'deep/er/most/',
      'steps/',
      '  best/',
      '  step-2.pt',
      '  1 more',
      '2 more'
    ]);
    expect(written(rowsOf(few, look([], 1)))).toEqual(['deep/er/most/', '3 more']);
  });

  it('shows as many more as one asked for there', () => {
    expect(written(rowsOf(few, look([], 1, [['', 3]])))).toEqual(['deep/er/most/', 'steps/', 'a.txt', '1 more']);
  });
});

describe('at first', () => {
  it('folders are open as far as there is room, those near to the root before others', () => {
    expect([...openAtFirst(few, 30)]).toEqual(['deep/er/most', 'steps', 'steps/best']);
    expect([...openAtFirst(few, 7)]).toEqual(['deep/er/most']);
    expect([...openAtFirst(few, 4)]).toEqual([]);
  });
});

describe('keys', () => {
  const rows = rowsOf(few, look(['steps', 'steps/best']));

  it('go from row to row, and not beyond', () => {
    expect(placeAfter(rows, 0, 'ArrowDown', false)).toBe(1);
    expect(placeAfter(rows, 7, 'ArrowDown', false)).toBe(7);
    expect(placeAfter(rows, 0, 'ArrowUp', false)).toBe(0);
    expect([placeAfter(rows, 3, 'Home', false), placeAfter(rows, 3, 'End', false)]).toEqual([0, 7]);
  });

  it('unfold a row and then go into it, fold it and then go out of it', () => {
    expect(placeAfter(rows, 0, 'ArrowRight', false)).toBe(0);
    expect(placeAfter(rows, 1, 'ArrowRight', true)).toBe(2);
    expect(placeAfter(rows, 2, 'ArrowLeft', true)).toBe(2);
    expect(placeAfter(rows, 3, 'ArrowLeft', false)).toBe(2);
    expect(placeAfter(rows, 5, 'ArrowLeft', false)).toBe(1);
    expect(placeAfter(rows, 6, 'ArrowLeft', false)).toBeNull();
    expect(placeAfter(rows, 6, 'x', false)).toBeNull();
  });
});

it('files are found by words in their path, in any order and in any capitals', () => {
  const files = [file('plots/Loss.png'), file('plots/acc.png'), file('loss.csv')];
  const found = (words: string) => matching(files, words).map(({ path }) => path);
  expect(found('LOSS plots')).toEqual(['plots/Loss.png']);
  expect(found(' loss ')).toEqual(['plots/Loss.png', 'loss.csv']);
  expect(matching(files, '  ')).toBe(files);
});

it('ten thousand files are a tree of few rows, soon', () => {
  const files = Array.from({ length: 20_000 }, (_, at) =>
    file(`${at < 10_000 ? 'flat' : `part-${at % 100}`}/${at}.txt`)
  );
  const began = performance.now();
  const tree = treeOf(files);
  const rows = rowsOf(tree, look(['flat']));
  const took = performance.now() - began;
  expect([tree.count, rows.length]).toEqual([20_000, 202]);
  expect(took).toBeLessThan(2000);
});
