/** Jobs in Lab's own list of what runs, beside kernels and terminals. */
import type { IRunningSessionManagers, IRunningSessions } from '@jupyterlab/running';
import { closeIcon } from '@jupyterlab/ui-components';
import { Signal } from '@lumino/signaling';

import type { Job } from '../api/types';
import { sorted } from '../model/jobs';
import { tracksideIcon } from '../panel/icon';
import type { Surroundings } from '../run/surroundings';
import { clock, jobSentence, say, seconds, statusWord } from '../words';

/** Add the section; it follows the jobs that run and wait. */
export function addToRunning(managers: IRunningSessionManagers, here: Surroundings): void {
  managers.add(new RunningJobs(here));
}

class RunningJobs implements IRunningSessions.IManager {
  readonly name = say('Jobs');
  readonly runningChanged = new Signal<RunningJobs, void>(this);
  readonly shutdownLabel = say('Cancel Job');
  readonly shutdownAllLabel = say('Cancel All');
  readonly shutdownItemIcon = closeIcon;
  readonly supportsMultipleViews = false;

  private listed = '';

  constructor(private readonly here: Surroundings) {
    here.trackside.jobs.state.subscribe(() => this.follow());
  }

  /** Tell Lab, which draws all its lists anew, only what it shows. */
  private follow(): void {
    const listed = this.unfinished()
      .map(({ id, status }) => `${id} ${status}`)
      .join();
    if (listed !== this.listed) {
      this.listed = listed;
      this.runningChanged.emit();
    }
  }

  readonly shutdownAllConfirmationText = (): string => {
    const jobs = this.unfinished();
    return say('Cancel %1 and lose what they have not saved?', jobs.map(({ name }) => name).join(', '));
  };

  running(): IRunningSessions.IRunningItem[] {
    return this.unfinished().map(job => this.item(job));
  }

  refreshRunning(): void {
    void this.here.trackside.jobs.readWaiting();
  }

  shutdownAll(): void {
    for (const job of this.unfinished()) {
      void this.here.actions.cancel(job);
    }
  }

  private unfinished(): Job[] {
    const { running, waiting } = sorted(this.here.trackside.jobs.state.get(), '');
    return [...running, ...waiting];
  }

  private item(job: Job): IRunningSessions.IRunningItem {
    const { actions, trackside } = this.here;
    const lasted = ({ started_at }: Job) => seconds(started_at, null, trackside.now()) ?? 0;
    return {
      context: job.id,
      icon: () => tracksideIcon,
      label: () => job.name,
      detail: () => (job.status === 'running' ? clock(lasted(job)) : statusWord(job.status)),
      labelTitle: () => `${job.name} · ${job.id} · ${jobSentence(job, trackside.now())}`,
      open: () => actions.open(job.run_id, job.name),
      shutdown: () => void actions.cancel(job)
    };
  }
}
