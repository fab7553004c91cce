/** Which changes of a job are worth a word to somebody who looks elsewhere. */
import type { Job } from '../api/types';
import { isFinal } from './jobs';

export type Wish = 'all' | 'failed' | 'none';

/** Whether this job's end should be told; `before` is the job as last seen, undefined if never. */
export function worthTelling(before: Job | undefined, after: Job, wish: Wish): boolean {
  if (wish === 'none' || !isFinal(after.status) || after.status === 'cancelled') {
    return false;
  }
  if (before !== undefined && isFinal(before.status) && before.attempt === after.attempt) {
    return false;
  }
  return wish === 'all' || after.status === 'failed';
}

/** The jobs that ended after `since` (milliseconds), the latest first: what happened while nobody looked. */
export function endedSince(jobs: Iterable<Job>, since: number, wish: Wish): Job[] {
  return [...jobs]
    .filter(job => worthTelling(undefined, job, wish) && Date.parse(job.finished_at ?? '') > since)
    .sort((a, b) => (b.finished_at ?? '').localeCompare(a.finished_at ?? ''));
}
