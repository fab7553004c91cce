import { describe, expect, it } from 'vitest';

import type { Rest } from '../../src/api/rest';
import type { RunInfo } from '../../src/api/types';
import { columnsOf, telling, titleOf, valueOf } from '../../src/model/columns';
import { RunList, taken } from '../../src/model/runlist';
import type { Listed } from '../../src/model/runlist';
import { run } from './sample';

const NOTHING: Listed = { total: null, rows: new Map(), pinned: [], problem: '' };
const page = (ids: readonly string[], total: number) => ({ runs: ids.map(id => run({ id })), next: null, total });
const ids = ({ rows, total }: Listed) =>
  [...rows].map(([place, each]) => [(total ?? 0) - 1 - place, each.id]).sort((a, b) => Number(a[0]) - Number(b[0]));

describe('the list of runs', () => {
  it('holds runs by their place from the oldest, so that a newer one moves none', () => {
    const first = taken(NOTHING, page(['c', 'b'], 3), 0, true);
    const second = taken(first, page(['a'], 4), 3, false); // one has come in meanwhile
    expect(ids(second)).toEqual([
      [1, 'c'],
      [2, 'b'],
      [3, 'a']
    ]);
  });

  it('forgets what it held when it begins anew and when runs were deleted', () => {
    const first = taken(NOTHING, page(['c', 'b', 'a'], 3), 0, true);
    expect(ids(taken(first, page(['a'], 2), 1, false))).toEqual([[1, 'a']]);
    expect(ids(taken(first, page(['d'], 4), 0, true))).toEqual([[0, 'd']]);
  });

  it('shows what an older server gives, which counts nothing', () => {
    const { total, rows } = taken(NOTHING, { runs: [run()], next: null } as never, 0, true);
    expect([total, rows.size]).toEqual([1, 1]);
  });

  it('asks for the part one looks at, once for many places passed on the way', async () => {
    const asked: (number | undefined)[] = [];
    const rest = {
      runs: async ({ offset = 0, limit = 0, total }: { offset?: number; limit?: number; total?: 1 }) => {
        if (total === undefined) {
          return page([], 0);
        }
        asked.push(offset);
        await Promise.resolve();
        return page(
          Array.from({ length: limit }, (_, n) => `r${offset + n}`),
          100_000
        );
      }
    } as unknown as Rest;
    const list = new RunList(rest);
    const following = list.follow({ listen: () => ({ dispose: () => undefined }) } as never);
    await expect.poll(() => list.state.get().total).toBe(100_000);
    for (let first = 100; first < 50_000; first += 100) {
      list.look(first, first + 20);
    }
    const place = 100_000 - 1 - 49_900;
    await expect.poll(() => list.state.get().rows.get(place)?.id).toBe('r49900');
    expect(asked.length).toBeLessThan(5);
    following.dispose();
  });
});

describe('columns', () => {
  const runs: RunInfo[] = [0.1, 0.01].map((lr, n) =>
    run({
      id: `r${n}`,
      config: { lr, opt: { name: 'adam' } },
      summary: { best: n },
      metrics: { 'val/loss': { count: 3, last: 0.5, min: 0.4, max: 1 } }
    })
  );

  it('are all that runs have something for', () => {
    expect(columnsOf(runs)).toEqual([
      'status',
      'tags',
      'duration',
      'started',
      'config.lr',
      'config.opt.name',
      'summary.best',
      'val/loss.last',
      'val/loss.max',
      'val/loss.min'
    ]);
    expect(columnsOf(runs).slice(4).map(titleOf)).toEqual(['lr', 'name', 'best', 'loss', 'loss max', 'loss min']);
  });

  it('have the values of each run, nested ones too, and nothing where there is none', () => {
    const values = ['config.lr', 'config.opt.name', 'summary.best', 'val/loss.min', 'acc.last', 'config.seed', 'odd'];
    expect(values.map(column => valueOf(runs[0] ?? run(), column))).toEqual([
      0.1,
      'adam',
      0,
      0.4,
      undefined,
      undefined,
      undefined
    ]);
  });

  it('are those that tell the runs apart, unless one chose', () => {
    expect(telling(runs)).toEqual(['config.lr', 'summary.best']);
    expect(telling([])).toEqual([]);
  });
});
