import { describe, expect, it } from 'vitest';

import type { Listener, Live, Request } from '../../src/api/live';
import type { Rest } from '../../src/api/rest';
import type { MediaKind, MediaPage, MediaRecord, ServerMessage } from '../../src/api/types';
import { currentProgress } from '../../src/model/feed';
import { barsOf, chosen, spanOf } from '../../src/model/histogram';
import { MediaFeed } from '../../src/model/media';
import { job } from './sample';

const settled = () => new Promise(resolve => setTimeout(resolve, 0));

function piece(key: string, step: number, kind: MediaKind = 'image', facts: Partial<MediaRecord> = {}): MediaRecord {
  return { key, kind, step, path: `media/${key}/${step}.png`, ...facts };
}

type Query = { key?: string; kind?: MediaKind; limit?: number; cursor?: string };

/** A server with these records, which answers pages of `limit` as ours does, positions being numbers of records. */
function server(records: MediaRecord[], most = 3) {
  const asked: Query[] = [];
  const media = (_: string, query: Query): Promise<MediaPage> => {
    asked.push(query);
    const matching = records
      .map((record, place) => ({ record, place }))
      .filter(
        ({ record }) => [undefined, record.key].includes(query.key) && [undefined, record.kind].includes(query.kind)
      );
    const before = matching.filter(({ place }) => query.cursor === undefined || place < Number(query.cursor));
    const page = before.slice(-most).reverse();
    const keys = new Map<string, MediaPage['keys'][number]>();
    for (const { record } of matching) {
      const { key, kind } = record;
      const name = `${kind}/${key}`;
      keys.set(name, { key, kind, count: (keys.get(name)?.count ?? 0) + 1 });
    }
    return Promise.resolve({
      media: page.map(({ record }) => record),
      next: before.length > most ? String(page[page.length - 1]?.place) : null,
      keys: [...keys.values()],
      position: records.length
    });
  };
  const open: { request: Request; listener: Listener }[] = [];
  const live = {
    subscribe: (request: Request, listener: Listener) => {
      open.push({ request, listener });
      return { dispose: () => void open.splice(0) };
    }
  } as unknown as Live;
  const say = (message: object) => open.forEach(held => held.listener({ sub: 's', ...message } as ServerMessage));
  return { feed: new MediaFeed('job-1', { media } as unknown as Rest, live), say, asked, open };
}

const seen = (feed: MediaFeed) => feed.shown.map(group => [group.key, group.records.map(record => record.step)]);

describe('media', () => {
  it('are the newest at first, then the stream from exactly there on', async () => {
    const { feed, say, open } = server([piece('a', 0), piece('b', 1), piece('a', 2)]);
    feed.watch();
    await settled();
    expect(seen(feed)).toEqual([
      ['a', [0, 2]],
      ['b', [1]]
    ]);
    expect(open[0]?.request).toEqual({ channel: 'media', run: 'job-1', since: 3 });
    say({ type: 'media', offset: 3, next: 5, records: [piece('a', 3), piece('c', 0, 'text')] });
    expect(seen(feed)).toEqual([
      ['a', [0, 2, 3]],
      ['b', [1]],
      ['c', [0]]
    ]);
    expect(feed.shown[0]?.count).toBe(3);
  });

  it('are read by themselves where the first page has nothing of a key, and earlier ones on demand', async () => {
    const steps = [0, 1, 2, 3, 4];
    const { feed, asked } = server([piece('rare', 0), ...steps.map(step => piece('often', step))]);
    feed.watch();
    await settled();
    await settled();
    expect(seen(feed)).toEqual([
      ['rare', [0]],
      ['often', [2, 3, 4]]
    ]);
    expect(asked[1]).toMatchObject({ key: 'rare', kind: 'image' });
    const often = feed.shown[1]!;
    expect([often.count, often.cursor]).toEqual([5, '3']);
    await feed.readEarlier(often);
    expect([seen(feed)[1], often.cursor]).toEqual([['often', [0, 1, 2, 3, 4]], null]);
  });

  it('of one key and several kinds are told apart', async () => {
    const { feed } = server([piece('a', 0), piece('a', 1, 'text')]);
    feed.watch();
    await settled();
    expect(feed.shown.map(({ key, kind }) => [key, kind])).toEqual([
      ['a', 'image'],
      ['a', 'text']
    ]);
  });

  it('are let go of at the old end when there are too many', async () => {
    const { feed, say } = server([]);
    feed.watch();
    await settled();
    const records = Array.from({ length: 1200 }, (_, step) => piece('a', step));
    say({ type: 'media', offset: 0, next: 9, records });
    const group = feed.shown[0]!;
    expect([group.count, group.records.length, group.records.at(-1)?.step]).toEqual([1200, 950, 1199]);
  });

  it('begin anew with a file that was written anew, and go on where they were after the end', async () => {
    const { feed, say, open } = server([piece('a', 0)]);
    feed.watch();
    await settled();
    say({ type: 'truncated', next: 0 });
    expect(feed.shown).toEqual([]);
    say({ type: 'media', offset: 0, next: 7, records: [piece('b', 0)] });
    say({ type: 'done', next: 7, status: 'failed', reason: null });
    open.splice(0);
    feed.resume();
    await settled();
    expect(open[0]?.request).toMatchObject({ since: 7 });
    expect(seen(feed)).toEqual([['b', [0]]]);
  });
});

describe('a histogram', () => {
  const even = piece('w', 0, 'histogram', { counts: [1, 4, 2], low: 0, high: 6 });

  it('has bars between even edges, the highest of height one', () => {
    expect(barsOf(even)).toEqual([
      { left: 0, right: 2, count: 1, share: 0.25 },
      { left: 2, right: 4, count: 4, share: 1 },
      { left: 4, right: 6, count: 2, share: 0.5 }
    ]);
  });

  it('has bars as high as they are dense where edges are uneven', () => {
    const uneven = piece('w', 0, 'histogram', { counts: [4, 4], low: 0, high: 5, edges: [0, 1, 5] });
    expect(barsOf(uneven).map(bar => bar.share)).toEqual([1, 0.25]);
  });

  it('without finite values has no bars and no span', () => {
    const empty = piece('w', 0, 'histogram', { counts: [], bins: 0, nan: 3 });
    expect([barsOf(empty), spanOf([empty])]).toEqual([[], null]);
    expect(spanOf([empty, even, { ...even, low: -2, high: 1 }])).toEqual([-2, 6]);
  });

  it('is drawn over the steps by a choice that has the last one', () => {
    const many = Array.from({ length: 1000 }, (_, step) => piece('w', step));
    const steps = chosen(many, 10).map(record => record.step);
    expect(steps).toEqual([99, 199, 299, 399, 499, 599, 699, 799, 899, 999]);
    expect(chosen(many.slice(0, 3), 10)).toHaveLength(3);
  });
});

describe('progress', () => {
  it('of an attempt before the one that runs is not shown', () => {
    const told = { i: 3, total: 9, rate: null, label: '', part: 0, at: '2026-11-22T07:00:00Z' };
    expect(currentProgress(told, job({ started_at: '2026-11-22T07:00:01Z' }))).toBeNull();
    expect(currentProgress(told, job({ started_at: '2026-11-22T06:59:59Z' }))).toBe(told);
    expect(currentProgress({ ...told, at: null }, job({ started_at: '2026-11-22T08:00:00Z' }))).not.toBeNull();
    expect(currentProgress(told, null)).toBe(told);
  });
});
