import { describe, expect, it } from 'vitest';

import { ApiError } from '../../src/api/rest';
import type { Rest } from '../../src/api/rest';
import type { Listener, Live, Request } from '../../src/api/live';
import type { ServerMessage } from '../../src/api/types';
import { Events } from '../../src/model/events';
import { LogFeed, MetricsFeed } from '../../src/model/feed';
import { JobList } from '../../src/model/jobs';
import { RunModel } from '../../src/model/run';
import { records } from '../../src/model/records';
import { Machine } from '../../src/model/system';
import { job, run } from './sample';

/** A stream in which a test speaks for the server. */
function stream() {
  const open: { request: Request; listener: Listener }[] = [];
  const live = {
    subscribe: (request: Request, listener: Listener) => {
      const held = { request, listener };
      open.push(held);
      return { dispose: () => void (open.includes(held) && open.splice(open.indexOf(held), 1)) };
    },
    onConnection: () => ({ dispose: () => undefined })
  } as unknown as Live;
  const say = (channel: string, message: object) =>
    open
      .filter(held => held.request.channel === channel)
      .forEach(held => held.listener({ sub: 's', ...message } as ServerMessage));
  const requests = (channel: string) => open.filter(held => held.request.channel === channel).map(held => held.request);
  return { live, say, requests };
}

const settled = () => new Promise(resolve => setTimeout(resolve, 0));
const series = { loss: { x: [0, 1], y: [2, 1], count: 2, last: 1, min: 1, max: 2 } };
const rest = (methods: object) => methods as Rest;

describe('curves', () => {
  const history = { metrics: () => Promise.resolve({ run_id: 'job-1', x: 'step', series, next: 120, torn: 0 }) };

  it('are history first, then the stream from exactly there on', async () => {
    const { live, say, requests } = stream();
    const feed = new MetricsFeed('job-1', 'step', rest(history), live);
    feed.watch();
    await settled();
    expect(requests('metrics')).toEqual([{ channel: 'metrics', run: 'job-1', since: 120 }]);
    say('metrics', { type: 'metrics', offset: 120, next: 160, records: [{ step: 2, loss: 0.5 }] });
    const progress = { i: 3, total: 10, rate: 1, label: 'epoch', part: 0.5, at: null };
    say('metrics', { type: 'progress', ...progress });
    expect(feed.curves.byKey.get('loss')).toMatchObject({ count: 3, last: 0.5 });
    expect(feed.progress.get()).toEqual(progress);
  });

  it('keep the newest records once somebody wants them, and try again when they could not be read', async () => {
    const { live, say } = stream();
    const text = '{"step": 0, "loss": 2}\n{"step": 1, "loss": 1}\n';
    const answers = [() => Promise.reject(new Error('gone')), () => Promise.resolve(new TextEncoder().encode(text))];
    const file = () => answers.shift()?.();
    const feed = new MetricsFeed('job-1', 'step', rest({ ...history, file }), live);
    feed.watch();
    await settled();
    await feed.readTail();
    expect(feed.tail).toBeNull();
    const reading = feed.readTail();
    say('metrics', { type: 'metrics', offset: 120, next: 160, records: [{ step: 2, loss: 0.5 }] });
    await reading;
    expect(feed.tail?.map(record => record['step'])).toEqual([0, 1, 2]);
  });

  it('have more points of a part while one looks closer, of the last part that was asked for', async () => {
    const { live } = stream();
    const thinned = { loss: { ...series.loss, count: 100 } };
    const asked: object[] = [];
    const metrics = (_: string, query: { between?: string }) => {
      asked.push(query);
      const [x] = (query.between ?? '').split(',').map(Number);
      const part = { loss: { ...thinned.loss, x: [x ?? 0], y: [7] } };
      return Promise.resolve({ run_id: 'job-1', x: 'step', series: query.between ? part : thinned, next: 0, torn: 0 });
    };
    const feed = new MetricsFeed('job-1', 'step', rest({ metrics }), live);
    feed.watch();
    await settled();
    await Promise.all([feed.look(0, 0.5), feed.look(0.25, 0.5)]);
    expect(asked[2]).toMatchObject({ between: '0.25,0.5', x: 'step' });
    expect(feed.curves.byKey.get('loss')?.detail).toMatchObject({ low: 0.25, points: { x: [0.25] } });
  });

  it('go on at the same place when a new attempt writes more', async () => {
    const { live, say, requests } = stream();
    const feed = new MetricsFeed('job-1', 'step', rest(history), live);
    feed.watch();
    await settled();
    say('metrics', { type: 'metrics', offset: 120, next: 160, records: [] });
    say('metrics', { type: 'done', next: 160, status: 'failed', reason: null });
    feed.resume();
    await settled();
    expect(requests('metrics').at(-1)).toMatchObject({ since: 160 });
  });

  it('are fed only while somebody watches, however many', async () => {
    const { live, requests } = stream();
    const feed = new MetricsFeed('job-1', 'step', rest(history), live);
    const [one, two] = [feed.watch(), feed.watch()];
    await settled();
    one.dispose();
    one.dispose();
    expect(requests('metrics')).toHaveLength(1);
    two.dispose();
    expect(requests('metrics')).toHaveLength(0);
  });

  it('say what is wrong when the history cannot be read', async () => {
    const { live } = stream();
    const failing = rest({ metrics: () => Promise.reject(new ApiError(500, 'internal_error', 'The disk is gone.')) });
    const feed = new MetricsFeed('job-1', 'step', failing, live);
    feed.watch();
    await settled();
    expect(feed.problem.get()).toBe('The disk is gone.');
  });
});

describe('the log', () => {
  it('begins at its tail and reads what was before on demand', async () => {
    const { live, say, requests } = stream();
    const whole = 'one\ntwo\nthree\n';
    const log = (_: string, offset: number, limit: number) =>
      Promise.resolve({
        offset,
        next: offset + limit,
        bytes: new TextEncoder().encode(whole.slice(offset, offset + limit)),
        gap: null
      });
    const feed = new LogFeed('job-1', rest({ log }), live);
    feed.watch();
    expect(requests('log')[0]).toMatchObject({ tail: 400 });
    say('log', { type: 'log', offset: 8, next: 14, text: 'three\n' });
    expect(await feed.readEarlier()).toBe(true);
    expect([feed.buffer.start, feed.buffer.lineCount]).toEqual([0, 3]);
    expect(await feed.readEarlier()).toBe(false);
  });

  it('lets go of the end when one reads far before it, and is there again on going back', async () => {
    const { live, say, requests } = stream();
    const piece = 'z'.repeat(99) + '\n';
    const log = (_: string, offset: number, limit: number) =>
      Promise.resolve({
        offset,
        next: offset + limit,
        bytes: new TextEncoder().encode(piece.repeat(limit / 100)),
        gap: null
      });
    const feed = new LogFeed('job-1', rest({ log }), live);
    feed.watch();
    say('log', { type: 'log', offset: 100_000_000, next: 100_000_100, text: piece });
    feed.follow(false);
    while (requests('log').length > 0) {
      await feed.readEarlier();
    }
    expect(feed.buffer.length).toBeLessThan(12_000_000);
    expect(feed.buffer.end).toBeLessThan(100_000_000);
    expect(feed.buffer.start).toBeLessThan(feed.buffer.end);
    feed.follow(true);
    expect(feed.buffer.lineCount).toBe(0);
    expect(requests('log')).toEqual([{ channel: 'log', run: 'job-1', tail: 400 }]);
  });

  it('goes to a byte far before its end, reads on from there and is at the end again', async () => {
    const { live, say, requests } = stream();
    const whole = Array.from({ length: 50_000 }, (_, line) => `line ${String(line).padStart(6, '0')}\n`).join('');
    const log = (_: string, offset: number, limit: number) => {
      const bytes = new TextEncoder().encode(whole.slice(offset, offset + limit));
      return Promise.resolve({ offset, next: offset + bytes.length, bytes, gap: null });
    };
    const feed = new LogFeed('job-1', rest({ log }), live);
    feed.watch();
    say('log', { type: 'log', offset: whole.length - 12, next: whole.length, text: whole.slice(-12) });
    const line = await feed.show(12 * 20_000 + 3);
    expect(feed.buffer.line(line)).toEqual([{ text: 'line 020000', look: {} }]);
    expect([feed.hasEnd, requests('log').length]).toEqual([false, 0]);
    while (!feed.hasEnd) {
      await feed.readLater();
    }
    expect(requests('log')).toEqual([{ channel: 'log', run: 'job-1', since: whole.length }]);
    expect(feed.buffer.line(feed.buffer.lineCount - 1)).toEqual([{ text: 'line 049999', look: {} }]);
    expect(await feed.show(whole.length - 1)).toBe(feed.buffer.lineCount - 1);
  });

  it('starts over when the file became shorter', () => {
    const { live, say } = stream();
    const feed = new LogFeed('job-1', rest({}), live);
    feed.watch();
    say('log', { type: 'log', offset: 0, next: 4, text: 'old\n' });
    say('log', { type: 'truncated', next: 0 });
    say('log', { type: 'log', offset: 0, next: 4, text: 'new\n' });
    expect(feed.buffer.line(0)).toEqual([{ text: 'new', look: {} }]);
    expect(feed.buffer.lineCount).toBe(1);
  });
});

describe('what events overtake', () => {
  const event = (status: 'running' | 'completed') => ({
    type: 'event',
    next: 1,
    event: { type: 'job', id: 1, at: '', job: job({ status }) }
  });
  const later = <T>() => {
    let answer: (value: T) => void = () => undefined;
    const promise = new Promise<T>(resolve => (answer = resolve));
    return { promise, answer };
  };

  it('is not taken back by an answer that is older than they are', async () => {
    const { live, say } = stream();
    const page = later<object>();
    const jobs = ({ status }: { status: string }) =>
      status.includes('pending') ? page.promise : Promise.resolve({ jobs: [], counts: {}, next: null });
    const list = new JobList(rest({ jobs }), new Events(live), action => action());
    const started = list.start();
    say('events', event('running'));
    page.answer({ jobs: [job({ status: 'pending' })], counts: { pending: 1 }, next: null });
    await started;
    expect(list.state.get().byId.get('job-1')?.status).toBe('running');
    expect(list.state.get().counts).toMatchObject({ pending: 0, running: 1 });
  });

  it('nor is a run, whichever of its readings is answered last', async () => {
    const { live, say } = stream();
    const answers = [later<object>(), later<object>()];
    let asked = 0;
    const methods = { run: () => Promise.resolve(run()), job: () => answers[asked++]?.promise };
    const model = new RunModel('job-1', rest(methods), live, new Events(live));
    await settled();
    say('events', event('completed'));
    await settled();
    answers[1]?.answer(job({ status: 'completed' }));
    await settled();
    answers[0]?.answer(job({ status: 'pending' }));
    await settled();
    expect(model.facts.get().job?.status).toBe('completed');
  });

  it('and what came before one could hear is read when one can', async () => {
    const { live, say } = stream();
    let status: 'pending' | 'running' = 'pending';
    const jobs = () => Promise.resolve({ jobs: [job({ status })], counts: {}, next: null });
    const list = new JobList(rest({ jobs }), new Events(live), action => action());
    await list.start();
    status = 'running';
    say('events', { type: 'subscribed', next: 7 });
    await settled();
    expect(list.state.get().byId.get('job-1')?.status).toBe('running');
  });
});

describe('a run', () => {
  const answers = { run: () => Promise.resolve(run()), job: () => Promise.resolve(job({ status: 'running' })) };

  it('follows the events of its job and of no other', async () => {
    const { live, say } = stream();
    const model = new RunModel('job-1', rest(answers), live, new Events(live));
    await settled();
    const event = (id: string, status: 'failed') => ({
      type: 'event',
      next: 1,
      event: { type: 'job', id: 1, at: '', job: job({ id, status }) }
    });
    say('events', event('job-2', 'failed'));
    expect(model.facts.get().job?.status).toBe('running');
    say('events', event('job-1', 'failed'));
    expect(model.facts.get().job?.status).toBe('failed');
    expect(model.running).toBe(false);
  });

  it('is gone when the server has none of this id, and unreachable when it does not answer', async () => {
    const state = async (error: ApiError) => {
      const { live } = stream();
      const model = new RunModel('job-1', rest({ run: () => Promise.reject(error) }), live, new Events(live));
      await settled();
      return model.facts.get().state;
    };
    expect(await state(new ApiError(404, 'not_found', 'x'))).toBe('gone');
    expect(await state(new ApiError(0, 'server_unreachable', 'x'))).toBe('unreachable');
  });
});

describe('the list of jobs', () => {
  it('takes the events of one frame together and reads anew after a gap', async () => {
    const { live, say } = stream();
    let read = 0;
    const page = { jobs: [job()], next: null, counts: { pending: 1 } };
    const counted = rest({ jobs: () => Promise.resolve((read += 1) && page) });
    const frames: (() => void)[] = [];
    const list = new JobList(counted, new Events(live), action => frames.push(action));
    await list.start();
    let changes = 0;
    list.state.subscribe(() => (changes += 1));
    for (const status of ['running', 'completed'] as const) {
      say('events', { type: 'event', next: 1, event: { type: 'job', id: 1, at: '', job: job({ status }) } });
    }
    expect([frames.length, changes]).toEqual([1, 0]);
    frames.forEach(action => action());
    expect(changes).toBe(1);
    expect(list.state.get().counts).toMatchObject({ pending: 0, completed: 1 });
    say('events', { type: 'error', code: 'gone', message: '', hint: '' });
    await settled();
    expect(read).toBe(6);
  });
});

describe('the machine', () => {
  it('is sampled once for all, as often as the most curious asks, and not when nobody does', () => {
    const { live, requests } = stream();
    const machine = new Machine(live);
    const slow = machine.watch(15);
    const fast = machine.watch(2);
    expect(requests('system')).toEqual([{ channel: 'system', interval: 2 }]);
    fast.dispose();
    expect(requests('system')).toEqual([{ channel: 'system', interval: 15 }]);
    slow.dispose();
    expect(requests('system')).toEqual([]);
  });

  it("reads a run's samples, torn lines left out", () => {
    expect(records('{"a": 1}\n{"a": \n\n{"a": 2}\n')).toEqual([{ a: 1 }, { a: 2 }]);
  });
});
