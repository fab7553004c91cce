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

export class Notices {
  wish: Wish = 'all';
  private readonly told = new Set<string>();
  private burst: Job[] = [];

  constructor(
    private readonly trackside: Trackside,
    private readonly actions: Actions,
    private readonly showPanel: () => void
  ) {}

  /** Tell what ended since this browser last looked at this home, then tell each end as it comes. */
  start(homeId: string): void {
    const key = `trackside:seen:${homeId}`;
    const seen = Number(localStorage.getItem(key) ?? Number.NaN);
    const jobs = this.trackside.jobs.state.get().byId.values();
    if (!Number.isNaN(seen)) {
      this.tellMissed(endedSince(jobs, seen, this.wish));
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
    if (this.told.has(name) || !worthTelling(before, job, this.wish)) {
      return;
    }
    this.told.add(name);
    this.burst.push(job);
    if (this.burst.length === 1) {
      setTimeout(() => this.tellBurst(), 400);
    }
  }

  /** Many ends at once are one word. */
  private tellBurst(): void {
    const jobs = this.burst;
    this.burst = [];
    if (jobs.length > MOST_SINGLE) {
      this.tellMany(jobs, say('Jobs ended'));
    } else {
      jobs.forEach(job => this.tell(job));
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
    const time = took === null ? '' : job.status === 'completed' ? say('in %1', duration(took)) : say('after %1', duration(took));
    const message = [`${job.name}: ${endPhrase(job.status, job.reason, job.exit_code)} ${time}`.trim(), sentenceOf(job.reason)];
    const open = { label: say('Open'), callback: () => this.actions.open(job.run_id, job.name) };
    const kind = job.status === 'completed' ? 'success' : 'error';
    Notification.emit(message.filter(Boolean).join('. '), kind, { actions: [open], autoClose: stay(job) });
  }

  private tellMany(jobs: readonly Job[], title: string): void {
    const failed = jobs.filter(job => job.status === 'failed').length;
    const parts = [
      jobs.length > failed ? count('%1 job completed', '%1 jobs completed', jobs.length - failed) : '',
      failed > 0 ? count('%1 failed', '%1 failed', failed) : ''
    ];
    const options = { actions: [{ label: say('Show'), callback: this.showPanel }], autoClose: STAY as number | false };
    Notification.emit(`${title}: ${parts.filter(Boolean).join(', ')}.`, failed > 0 ? 'warning' : 'success', options);
  }
}

/** A failure stays until it is seen. */
function stay(job: Job): number | false {
  return job.status === 'completed' ? STAY : false;
}
