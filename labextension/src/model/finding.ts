/** Jobs anywhere in the home that fit the filter of a list. */
import type { JobQuery, Rest } from '../api/rest';
import type { Job } from '../api/types';
import { STATUSES, WAITING } from './jobs';

const MOST = 100;

/** Return the newest that fit, and the one whose number is a word of the filter. */
export async function found(rest: Rest, filter: string): Promise<readonly Job[]> {
  const id = /(?:^|\s)((?:job-)?\d+)(?:\s|$)/.exec(filter)?.[1];
  const [page, one] = await Promise.all([
    rest.jobs({ ...asked(filter), limit: MOST }),
    id === undefined ? null : rest.job(id).catch(() => null) // there is none of this number
  ]);
  return one === null ? page.jobs : [...page.jobs, one];
}

/** What of a filter the server can look for among all jobs. */
export function asked(filter: string): JobQuery {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const of = (field: string) => words.find(word => word.startsWith(field))?.slice(field.length);
  const name = of('name:') ?? words.find(word => !word.includes(':'));
  const status = of('status:');
  const statuses = status === 'waiting' ? WAITING : STATUSES.filter(each => each.startsWith(status ?? ''));
  return {
    ...(name && { name: `*${name.replace(/\*/g, '')}*` }),
    ...(of('tag:') && { tag: of('tag:') ?? '' }),
    ...(status && { status: statuses.join() })
  };
}
