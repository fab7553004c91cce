/** The commands of Trackside, for palette, context menus and other extensions. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { InputDialog } from '@jupyterlab/apputils';
import type { ICommandPalette } from '@jupyterlab/apputils';

import type { Job } from '../api/types';
import { readRun } from '../model/bundle';
import type { RunRef } from '../model/bundle';
import { isFinal } from '../model/jobs';
import type { Surroundings, Tab } from '../run/surroundings';
import { say } from '../words';
import { tracksideIcon } from './icon';

export const COMMANDS = {
  showPanel: 'trackside:show-panel',
  openRun: 'trackside:open-run',
  compare: 'trackside:compare-runs',
  cancel: 'trackside:cancel-job',
  retry: 'trackside:retry-job',
  delete: 'trackside:delete-job',
  deleteRun: 'trackside:delete-run',
  openLog: 'trackside:open-log',
  downloadMetrics: 'trackside:download-metrics',
  downloadLog: 'trackside:download-log',
  copyId: 'trackside:copy-id',
  pauseQueue: 'trackside:pause-queue',
  resumeQueue: 'trackside:resume-queue'
} as const;

const JOB_ROW = '[data-trackside="job-row"]';
const RUN_ROW = '[data-trackside="run-row"]';

export interface Opens {
  open(runId: string, name: string, tab: Tab | null): void;
  compare(runs: readonly RunRef[]): void;
}

export function addCommands(app: JupyterFrontEnd, here: Surroundings, showPanel: () => void, views: Opens): void {
  app.commands.addCommand(COMMANDS.showPanel, {
    label: args => (args['isLauncher'] === true ? say('Jobs and GPUs') : say('Show GPUs, Jobs and Runs')),
    caption: say('Show the side panel of Trackside'),
    icon: tracksideIcon,
    execute: showPanel
  });
  app.commands.addCommand(COMMANDS.openRun, {
    label: args => (args['runId'] ? say('Open Run') : say('Open Run…')),
    execute: async args => {
      const runId = typeof args['runId'] === 'string' ? args['runId'] : await askForRun();
      if (runId) {
        views.open(runId, String(args['name'] ?? runId), tabOf(args['tab']));
      }
    }
  });
  app.commands.addCommand(COMMANDS.compare, {
    label: say('Compare Runs'),
    execute: args => {
      const runs = Array.isArray(args['runs']) ? args['runs'].map(readRun).filter(run => run !== null) : [];
      if (runs.length > 0) {
        views.compare(runs);
      }
    }
  });
  addQueueCommands(app, here);
  addJobCommands(app, here);
  addRunCommands(app, here);
  addMenus(app);
}

/** The verbs of the queue: which of the two makes sense is seen by its state. */
function addQueueCommands(app: JupyterFrontEnd, { trackside, actions }: Surroundings): void {
  const { state } = trackside.queue;
  app.commands.addCommand(COMMANDS.pauseQueue, {
    label: say('Pause the Queue'),
    caption: say('Start no further job; those that run go on'),
    isEnabled: () => !state.get().paused,
    execute: () => actions.pauseQueue()
  });
  app.commands.addCommand(COMMANDS.resumeQueue, {
    label: say('Resume the Queue'),
    isEnabled: () => state.get().paused,
    execute: () => actions.resumeQueue()
  });
  state.subscribe(() => app.commands.notifyCommandChanged());
}

/** The verbs of a job, for the row that was pointed at. */
function addJobCommands(app: JupyterFrontEnd, { trackside, actions }: Surroundings): void {
  const pointedAt = () => {
    const id = app.contextMenuHitTest(node => 'jobId' in node.dataset)?.dataset['jobId'];
    return id === undefined ? undefined : trackside.jobs.state.get().byId.get(id);
  };
  const add = (id: string, label: string, fits: (job: Job) => boolean, act: (job: Job) => void) => {
    const seen = () => {
      const job = pointedAt();
      return job !== undefined && fits(job);
    };
    const execute = () => {
      const job = pointedAt();
      if (job !== undefined) {
        act(job);
      }
    };
    app.commands.addCommand(id, { label, isVisible: seen, isEnabled: seen, execute });
  };
  const always = () => true;
  const ended = (job: Job) => isFinal(job.status);
  const unfinished = (job: Job) => !isFinal(job.status);
  add(COMMANDS.openLog, say('Show Log'), always, job => actions.open(job.run_id, job.name, 'log'));
  add(COMMANDS.cancel, say('Cancel Job'), unfinished, job => void actions.cancel(job));
  add(COMMANDS.retry, say('Retry Job'), ended, job => void actions.retry(job));
  add(COMMANDS.delete, say('Delete Job…'), ended, job => void actions.deleteJob(job));
}

/** The verbs of any run, for the row that was pointed at. */
function addRunCommands(app: JupyterFrontEnd, { trackside, actions }: Surroundings): void {
  const pointedAt = () => app.contextMenuHitTest(node => 'runId' in node.dataset)?.dataset['runId'] ?? '';
  const { rest } = trackside;
  app.commands.addCommand(COMMANDS.copyId, {
    label: say('Copy Id'),
    execute: () => navigator.clipboard.writeText(pointedAt())
  });
  app.commands.addCommand(COMMANDS.downloadMetrics, {
    label: say('Download Metrics'),
    execute: () => actions.download(rest.fileUrl(pointedAt(), 'metrics.jsonl', 'run'), `${pointedAt()}-metrics.jsonl`)
  });
  app.commands.addCommand(COMMANDS.downloadLog, {
    label: say('Download Log'),
    execute: () => actions.download(rest.logUrl(pointedAt()), `${pointedAt()}.log`)
  });
  app.commands.addCommand(COMMANDS.deleteRun, {
    label: say('Delete Run…'),
    execute: async () => {
      const run = await rest.run(pointedAt());
      await (run.job_id === null ? actions.deleteRun(run) : actions.deleteJob(await rest.job(run.job_id)));
    }
  });
}

function addMenus(app: JupyterFrontEnd): void {
  const { openLog, cancel, retry, downloadMetrics, downloadLog, copyId } = COMMANDS;
  const shared = [downloadMetrics, downloadLog, copyId];
  const menus = {
    [JOB_ROW]: [openLog, cancel, retry, ...shared, COMMANDS.delete],
    [RUN_ROW]: [...shared, COMMANDS.deleteRun]
  };
  for (const [selector, commands] of Object.entries(menus)) {
    commands.forEach((command, rank) => app.contextMenu.addItem({ command, selector, rank }));
  }
}

/** Put into the palette what makes sense without a place. */
export function addToPalette(palette: ICommandPalette): void {
  for (const command of [COMMANDS.showPanel, COMMANDS.openRun, COMMANDS.pauseQueue, COMMANDS.resumeQueue]) {
    palette.addItem({ command, category: say('Trackside') });
  }
}

async function askForRun(): Promise<string> {
  const answer = await InputDialog.getText({
    title: say('Open Run'),
    label: say('Id of a job or run, as 41 or job-41')
  });
  const id = (answer.button.accept && answer.value?.trim()) || '';
  return /^\d+$/.test(id) ? `job-${id}` : id;
}

function tabOf(value: unknown): Tab | null {
  const tabs: readonly Tab[] = ['overview', 'curves', 'log', 'outputs', 'artifacts', 'system', 'config'];
  return tabs.find(tab => tab === value) ?? null;
}
