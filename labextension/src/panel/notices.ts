/** A word when a job ends, also for what ended while nobody looked. */
import { Notification } from '@jupyterlab/apputils';

import type { Job } from '../api/types';
import { endedSince, worthTelling } from '../model/notices';
import type { Wish } from '../model/notices';
import type { Trackside } from '../model/trackside';
import type { Actions } from '../run/surroundings';
import { count, duration, endPhrase, say, seconds, sentenceOf } from '../words';

const MOST_SINGLE = 3;
const STAY = 10_000;

/** Many ends within a short time: one notification that counts. */
interface Gathered {
  readonly id: string;
  readonly jobs: Job[];
}

export class Notices {
  private readonly told = new Set<string>();
  private recent = 0;
  private gathered: Gathered | null = null;

  constructor(
    private readonly trackside: Trackside,
    private readonly actions: Actions,
    private readonly showPanel: () => void,
    private readonly wish: () => Wish
  ) {}

  /** Tell what ended since this browser last looked at this home, then tell each end as it comes. */
  start(homeId: string): void {
    const key = `trackside:seen:${homeId}`;
    const seen = Number(localStorage.getItem(key) ?? Number.NaN);
    const jobs = this.trackside.jobs.state.get().byId.values();
    if (!Number.isNaN(seen)) {
      this.tellMissed(endedSince(jobs, seen, this.wish()));
    }
    const note = () => localStorage.setItem(key, String(this.trackside.now()));
    note();
    window.addEventListener('pagehide', note);
    document.addEventListener('visibilitychange', note);
    this.trackside.events.listen({
      onEvent: event => {
        if (event.type === 'job') {
          this.take(event.job);
        }
      }
    });
  }

  private take(job: Job): void {
    const before = this.trackside.jobs.state.get().byId.get(job.id);
    const name = `${job.uuid} ${job.attempt}`;
    if (this.told.has(name) || !worthTelling(before, job, this.wish())) {
      return;
    }
    this.told.add(name);
    this.recent += 1;
    setTimeout(() => this.quiet(), STAY);
    if (this.recent > MOST_SINGLE) {
      this.gather(job);
    } else {
      this.tell(job);
    }
  }

  /** Some time went by since one end; when no other came meanwhile, ends are told one by one again. */
  private quiet(): void {
    this.recent -= 1;
    if (this.recent === 0) {
      this.gathered = null;
    }
  }

  private gather(job: Job): void {
    const before = this.gathered;
    if (before !== null && Notification.manager.has(before.id)) {
      before.jobs.push(job);
      const { message, type } = this.manyWords(before.jobs, say('And then'));
      Notification.update({ id: before.id, message, type, autoClose: STAY });
    } else {
      this.gathered = { id: this.tellMany([job], say('And then')), jobs: [job] };
    }
  }

  private tellMissed(jobs: Job[]): void {
    if (jobs.length === 1 && jobs[0] !== undefined) {
      this.tell(jobs[0]);
    } else if (jobs.length > 1) {
      this.tellMany(jobs, say('While you were away'));
    }
  }

  private tell(job: Job): void {
    const took = seconds(job.started_at, job.finished_at, this.trackside.now());
    const gap = job.reason?.code === 'exception' ? ' · ' : ' ';
    const lasted = took === null ? '' : duration(took);
    const time = lasted && (job.status === 'completed' ? say(' in %1', lasted) : gap + say('after %1', lasted));
    const message = [`${job.name}: ${endPhrase(job.status, job.reason, job.exit_code)}${time}`, sentenceOf(job.reason)];
    const open = { label: say('Open'), callback: () => this.actions.open(job.run_id, job.name) };
    const kind = job.status === 'completed' ? 'success' : 'error';
    Notification.emit(message.filter(Boolean).join(' · '), kind, { actions: [open], autoClose: stay(job) });
  }

  private tellMany(jobs: readonly Job[], title: string): string {
    const { message, type } = this.manyWords(jobs, title);
    const actions = [{ label: say('Show'), callback: this.showPanel }];
    return Notification.emit(message, type, { actions, autoClose: STAY });
  }

  private manyWords(jobs: readonly Job[], title: string): { message: string; type: 'success' | 'warning' } {
    const failed = jobs.filter(job => job.status === 'failed').length;
    const parts = [
      jobs.length > failed ? count('%1 job completed', '%1 jobs completed', jobs.length - failed) : '',
      failed > 0 ? count('%1 failed', '%1 failed', failed) : ''
    ];
    return { message: `${title}: ${parts.filter(Boolean).join(', ')}.`, type: failed > 0 ? 'warning' : 'success' };
  }
}

/** A failure stays until it is seen. */
function stay(job: Job): number | false {
  return job.status === 'completed' ? STAY : false;
}
