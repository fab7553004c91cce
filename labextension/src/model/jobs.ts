/** The jobs of the home as a list shows them: pure rules first, then the list that follows the events. */
import type { Subscription } from '../api/live';
import type { Rest } from '../api/rest';
import type { Event, Job, JobPage, Status } from '../api/types';
import { Cell } from './cell';
import type { Events } from './events';
import { Overtaking } from './overtaking';

export interface Jobs {
  readonly byId: ReadonlyMap<string, Job>;
  /** All jobs of the home by status, also those that are not held here. */
  readonly counts: Readonly<Record<string, number>>;
  /** Cursor of the next page of ended jobs; null: no more. */
  readonly older: string | null;
  readonly loaded: boolean;
}

export const NO_JOBS: Jobs = { byId: new Map(), counts: {}, older: null, loaded: false };

export const WAITING: readonly Status[] = ['pending', 'scheduled'];
const ENDED: readonly Status[] = ['completed', 'failed', 'cancelled'];
export const STATUSES: readonly Status[] = [...WAITING, 'running', ...ENDED];
const FINAL: ReadonlySet<Status> = new Set(ENDED);
/** How many waiting jobs are held from the head of the queue. */
const LINE = 100;
/** Ended jobs that may gather from events before the list begins anew. */
const MANY = 1000;

export function isFinal(status: Status): boolean {
  return FINAL.has(status);
}

/** Whether a job waits for its start, for whatever reason. */
function waits({ status }: Job): boolean {
  return WAITING.includes(status);
}

/** Return the jobs after these events. */
export function applied(jobs: Jobs, events: readonly Event[]): Jobs {
  const byId = new Map(jobs.byId);
  const counts: Record<string, number> = { ...jobs.counts };
  const shift = (status: Status, by: number) => {
    counts[status] = Math.max(0, (counts[status] ?? 0) + by);
  };
  for (const event of events) {
    if (event.type === 'job') {
      const before = byId.get(event.job.id)?.status ?? statusBefore(event.job.status);
      if (before !== null) {
        shift(before, -1);
      }
      shift(event.job.status, 1);
      byId.set(event.job.id, event.job);
    } else if (event.type === 'job_deleted') {
      const before = byId.get(event.job_id);
      if (before !== undefined) {
        shift(before.status, -1);
        byId.delete(event.job_id);
      }
    }
  }
  return { ...jobs, byId, counts };
}

/** What a job that is not held was most likely before; null: it is new. */
function statusBefore(status: Status): Status | null {
  return status === 'running' ? 'pending' : isFinal(status) ? 'running' : null;
}

export interface Sorted {
  readonly running: readonly Job[];
  readonly waiting: readonly Job[];
  readonly ended: readonly Job[];
}

/** Return the jobs that match the filter: running, waiting in queue order, ended with the latest first. */
export function sorted(jobs: Jobs, filter: string): Sorted {
  const match = matcher(filter);
  const found = [...jobs.byId.values()].filter(match);
  const by = (key: (job: Job) => string | null) => (a: Job, b: Job) => compared(key(a) ?? '', key(b) ?? '');
  return {
    running: found.filter(job => job.status === 'running').sort(by(job => job.started_at)),
    waiting: found
      .filter(waits)
      .sort((a, b) => (b.spec.priority ?? 0) - (a.spec.priority ?? 0) || sequence(a) - sequence(b)),
    ended: found.filter(job => isFinal(job.status)).sort((a, b) => by(job => job.finished_at)(b, a))
  };
}

function compared(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Return whether a job fits `name words tag:x status:y`; all of them must. */
export function matcher(filter: string): (job: Job) => boolean {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return job => words.every(word => fits(job, word));
}

function fits(job: Job, word: string): boolean {
  const [field, value] = word.includes(':')
    ? [word.slice(0, word.indexOf(':')), word.slice(word.indexOf(':') + 1)]
    : ['', word];
  switch (field) {
    case 'tag':
      return (job.spec.tags ?? []).some(tag => tag.toLowerCase().startsWith(value));
    case 'status':
      return job.status.startsWith(value === 'waiting' ? 'pending' : value);
    case 'name':
      return job.name.toLowerCase().includes(value);
    default:
      return job.name.toLowerCase().includes(word) || job.id === word || job.id === `job-${word}`;
  }
}

/** The number in a job's id: the order of submission. */
function sequence(job: Job): number {
  return Number(job.id.replace(/\D+/g, '')) || 0;
}

/** Runs an action soon, together with others of the same frame. */
export type Soon = (action: () => void) => void;

/** Follows the jobs of the home. `start` reads them; events keep them; a gap reads them anew. */
export class JobList {
  readonly state = new Cell<Jobs>(NO_JOBS);
  private pending: Event[] = [];
  private waitingRead = false;
  private readonly overtaking = new Overtaking();
  private subscription: Subscription | null = null;

  constructor(
    private readonly rest: Rest,
    private readonly events: Events,
    private readonly soon: Soon
  ) {}

  async start(): Promise<void> {
    this.subscription ??= this.events.listen({
      onEvent: event => this.take(event),
      onGap: () => void this.read()
    });
    await this.read();
  }

  /** Read unfinished jobs and the last ended ones anew. */
  async read(): Promise<void> {
    const { found, since } = await this.overtaking.read(() =>
      Promise.all([
        this.rest.jobs({ status: 'running', limit: 500 }),
        this.head(),
        this.rest.jobs({ status: ENDED.join(), limit: 50 })
      ])
    );
    const [running, line, ended] = found;
    const byId = new Map([...running.jobs, ...line.jobs, ...ended.jobs].map(job => [job.id, job]));
    this.state.set(applied({ byId, counts: ended.counts, older: ended.next, loaded: true }, since));
  }

  /** Hold jobs that were looked for, too. */
  async find(ask: () => Promise<readonly Job[]>): Promise<void> {
    const { found, since } = await this.overtaking.read(ask);
    this.hold(found, since);
  }

  private head(): Promise<JobPage> {
    return this.rest.jobs({ status: WAITING.join(), order: 'queue', limit: LINE });
  }

  private hold(jobs: readonly Job[], since: readonly Event[]): void {
    this.state.update(state => {
      const byId = new Map([...state.byId, ...jobs.map(job => [job.id, job] as const)]);
      const { byId: now } = applied({ ...state, byId }, since);
      return { ...state, byId: now };
    });
  }

  /** Take the true counts; those made up from events may miss jobs that are not held here. */
  setCounts(counts: Readonly<Record<string, number>>): void {
    this.state.update(jobs => {
      const same = Object.entries(counts).every(([status, count]) => jobs.counts[status] === count);
      return !jobs.loaded || same ? jobs : { ...jobs, counts };
    });
  }

  /** Read one more page of ended jobs. */
  async readOlder(): Promise<void> {
    const cursor = this.state.get().older;
    if (cursor !== null) {
      const page = await this.rest.jobs({ status: ENDED.join(), limit: 100, cursor });
      this.state.update(jobs => {
        const older = page.jobs.filter(job => !jobs.byId.has(job.id)).map(job => [job.id, job] as const);
        return { ...jobs, byId: new Map([...jobs.byId, ...older]), older: page.next };
      });
    }
  }

  /** Read anew who waits next, and why: what holds a job up changes without an event of its own. */
  async readWaiting(): Promise<void> {
    const { pending = 0, scheduled = 0 } = this.state.get().counts;
    if (this.waitingRead || pending + scheduled === 0) {
      return;
    }
    this.waitingRead = true;
    try {
      const { found, since } = await this.overtaking.read(() => this.head());
      this.hold(found.jobs, since);
    } finally {
      this.waitingRead = false;
    }
  }

  private take(event: Event): void {
    this.overtaking.note(event);
    this.pending.push(event);
    if (this.pending.length === 1) {
      this.soon(() => {
        const events = this.pending;
        this.pending = [];
        this.state.update(jobs => applied(jobs, events));
        if (this.state.get().byId.size > MANY + LINE) {
          void this.read().catch(() => undefined); // what is there stays; the next event tries again
        }
      });
    }
  }
}
