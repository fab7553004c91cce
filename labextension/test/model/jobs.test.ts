import { describe, expect, it } from 'vitest';

import type { Event, Job, Status } from '../../src/api/types';
import { asked } from '../../src/model/finding';
import { NO_JOBS, applied, matcher, sorted } from '../../src/model/jobs';
import { endedSince, worthTelling } from '../../src/model/notices';
import { job } from './sample';

let id = 0;
const changed = (each: Job): Event => ({ type: 'job', id: ++id, at: '2026-11-22T09:00:00Z', job: each });
const deleted = (jobId: string): Event => ({
  type: 'job_deleted',
  id: ++id,
  at: '2026-11-22T09:00:00Z',
  job_id: jobId
});
const of = (...jobs: Job[]) => applied(NO_JOBS, jobs.map(changed));

describe('events', () => {
  it('move a job through its states and keep the counts right', () => {
    const states: Status[] = ['pending', 'running', 'completed'];
    const jobs = applied(
      NO_JOBS,
      states.map(status => changed(job({ status })))
    );
    expect(jobs.byId.get('job-1')?.status).toBe('completed');
    expect(jobs.counts).toMatchObject({ pending: 0, running: 0, completed: 1 });
  });

  it('take a deleted job away', () => {
    const jobs = applied(of(job({ status: 'completed' })), [deleted('job-1')]);
    expect(jobs.byId.size).toBe(0);
    expect(jobs.counts['completed']).toBe(0);
  });

  it('of jobs that are not held come from the status before', () => {
    const far = { ...NO_JOBS, counts: { pending: 1999, running: 1 } };
    expect(applied(far, [changed(job({ id: 'job-500', status: 'running' }))]).counts).toMatchObject({
      pending: 1998,
      running: 2
    });
    expect(applied(far, [changed(job({ id: 'job-9', status: 'failed' }))]).counts).toMatchObject({
      running: 0,
      failed: 1
    });
    expect(applied(far, [changed(job({ id: 'job-3000', status: 'pending' }))]).counts).toMatchObject({ pending: 2000 });
  });

  it('do not change the jobs that were there before', () => {
    const before = of(job({ status: 'running' }));
    applied(before, [changed(job({ status: 'failed' }))]);
    expect(before.byId.get('job-1')?.status).toBe('running');
  });
});

describe('the list', () => {
  const jobs = of(
    job({ id: 'job-9', status: 'pending' }),
    job({ id: 'job-10', status: 'pending' }),
    job({ id: 'job-11', status: 'pending', spec: { priority: 5 } }),
    job({ id: 'job-1', status: 'completed', finished_at: '2026-11-22T08:00:00Z' }),
    job({ id: 'job-2', status: 'failed', finished_at: '2026-11-22T09:00:00Z' }),
    job({ id: 'job-3', status: 'running' })
  );

  it('has running first, then the queue in its order, then the latest ended', () => {
    const { running, waiting, ended } = sorted(jobs, '');
    expect([running, waiting, ended].map(part => part.map(each => each.id))).toEqual([
      ['job-3'],
      ['job-11', 'job-9', 'job-10'],
      ['job-2', 'job-1']
    ]);
  });

  it('can be filtered by name, number, tag and status, all of which must fit', () => {
    const tagged = job({ id: 'job-41', name: 'Base Line', status: 'running', spec: { tags: ['resnet'] } });
    const fits = (filter: string) => matcher(filter)(tagged);
    expect(['base', '41', 'job-41', 'tag:res', 'status:run', 'line status:running'].map(fits)).toEqual(
      Array(6).fill(true)
    );
    expect(['other', '4', 'tag:vit', 'status:failed', 'base status:failed'].map(fits)).toEqual(Array(5).fill(false));
  });

  it('knows the waiting by that word', () => {
    expect(matcher('status:waiting')(job({ status: 'pending' }))).toBe(true);
  });
});

describe('notices', () => {
  const ended = job({ status: 'completed', finished_at: '2026-11-22T09:00:00Z', attempt: 1 });

  it('tell an end once, and again only for a new attempt', () => {
    expect(worthTelling(job({ status: 'running' }), ended, 'all')).toBe(true);
    expect(worthTelling(ended, ended, 'all')).toBe(false);
    expect(worthTelling(ended, { ...ended, attempt: 2 }, 'all')).toBe(true);
  });

  it('keep to the wish, and never tell somebody of their own cancelling', () => {
    const failed = { ...ended, status: 'failed' as const };
    expect([worthTelling(undefined, ended, 'failed'), worthTelling(undefined, failed, 'failed')]).toEqual([
      false,
      true
    ]);
    expect(worthTelling(undefined, failed, 'none')).toBe(false);
    expect(worthTelling(undefined, { ...ended, status: 'cancelled' }, 'all')).toBe(false);
  });

  it('gather what ended while nobody looked', () => {
    const early = { ...ended, id: 'job-2', finished_at: '2026-11-22T07:00:00Z' };
    expect(endedSince([early, ended], Date.parse('2026-11-22T08:00:00Z'), 'all').map(each => each.id)).toEqual([
      'job-1'
    ]);
  });
});

describe('what the server is asked for', () => {
  it.each([
    ['experiment-77', { name: '*experiment-77*' }],
    ['name:lr status:fail', { name: '*lr*', status: 'failed' }],
    ['tag:night two words', { name: '*two*', tag: 'night' }],
    ['status:waiting', { status: 'pending,scheduled' }],
    ['status:', {}]
  ])('%s', (filter, query) => {
    expect(asked(filter)).toEqual(query);
  });
});
