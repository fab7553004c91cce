import { describe, expect, it } from 'vitest';

import { gathered } from '../../src/api/gather';
import type { CurveQuery } from '../../src/api/gather';
import type { Metrics } from '../../src/api/types';

function server(problem: (ids: readonly string[]) => Error | null = () => null) {
  const asked: { ids: readonly string[]; query: CurveQuery }[] = [];
  const metrics = gathered((ids, query) => {
    asked.push({ ids, query });
    const error = problem(ids);
    const found = ids.map(id => ({ run_id: id, x: 'step', series: {}, next: 0, torn: 0 }) as Metrics);
    return error === null ? Promise.resolve(found) : Promise.reject(error);
  });
  return { metrics, asked };
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `job-${index}`);

describe('curves asked for in one moment', () => {
  it('come with one request, each to who asked for it', async () => {
    const { metrics, asked } = server();
    const found = await Promise.all(names(3).map(id => metrics(id, { max_points: 2000 })));
    expect(found.map(each => each.run_id)).toEqual(names(3));
    expect(asked).toEqual([{ ids: names(3), query: { max_points: 2000 } }]);
    await metrics('job-9', { max_points: 2000 });
    expect(asked[1]?.ids).toEqual(['job-9']);
  });

  it('are asked for apart where they differ in more than their run', async () => {
    const { metrics, asked } = server();
    await Promise.all([metrics('a', { x: 'step' }), metrics('b', { x: 'time' }), metrics('c', { x: 'step' })]);
    expect(asked.map(each => each.ids)).toEqual([['a', 'c'], ['b']]);
  });

  it('of very many runs come in parts, with fewer points', async () => {
    const { metrics, asked } = server();
    await Promise.all(names(50).map(id => metrics(id, { max_points: 2000 })));
    expect(asked.map(each => each.ids.length)).toEqual([10, 10, 10, 10, 10]);
    expect(asked.every(each => each.query.max_points === 1000)).toBe(true);
  });

  it('are asked for one by one where one run is gone, so that the others are seen', async () => {
    const { metrics, asked } = server(ids => (ids.includes('gone') ? new Error('There is no run gone.') : null));
    const [well, gone] = await Promise.allSettled([metrics('job-1', {}), metrics('gone', {})]);
    expect(well).toMatchObject({ status: 'fulfilled', value: { run_id: 'job-1' } });
    expect(gone).toMatchObject({ status: 'rejected', reason: { message: 'There is no run gone.' } });
    expect(asked.map(each => each.ids)).toEqual([['job-1', 'gone'], ['job-1'], ['gone']]);
  });
});
