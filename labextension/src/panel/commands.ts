/** The commands of Trackside, for palette, context menus and other extensions. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { InputDialog } from '@jupyterlab/apputils';
import type { ICommandPalette } from '@jupyterlab/apputils';

import type { Job } from '../api/types';
import { isFinal } from '../model/jobs';
import type { Surroundings, Tab } from '../run/surroundings';
import { say } from '../words';
import { tracksideIcon } from './icon';

export const COMMANDS = {
  showPanel: 'trackside:show-panel',
  openRun: 'trackside:open-run',
  cancel: 'trackside:cancel-job',
  retry: 'trackside:retry-job',
  delete: 'trackside:delete-job',
  deleteRun: 'trackside:delete-run',
  openLog: 'trackside:open-log',
  copyId: 'trackside:copy-id'
} as const;

const JOB_ROW = '[data-trackside="job-row"]';
const RUN_ROW = '[data-trackside="run-row"]';

export type OpenRun = (runId: string, name: string, tab: Tab | null) => void;

export function addCommands(app: JupyterFrontEnd, here: Surroundings, showPanel: () => void, openRun: OpenRun): void {
  const { commands } = app;
  const { trackside, actions } = here;
  commands.addCommand(COMMANDS.showPanel, {
    label: say('Show GPUs, Jobs and Runs'),
    caption: say('Show the side panel of Trackside'),
    icon: tracksideIcon,
    execute: showPanel
  });
  commands.addCommand(COMMANDS.openRun, {
    label: args => (args['runId'] ? say('Open Run') : say('Open Run…')),
    execute: async args => {
      const runId = typeof args['runId'] === 'string' ? args['runId'] : await askForRun();
      if (runId) {
        openRun(runId, String(args['name'] ?? runId), tabOf(args['tab']));
      }
    }
  });
  const jobAt = () => {
    const id = app.contextMenuHitTest(node => 'jobId' in node.dataset)?.dataset['jobId'];
    return id === undefined ? undefined : trackside.jobs.state.get().byId.get(id);
  };
  const onJob = (id: string, label: string, fits: (job: Job) => boolean, act: (job: Job) => void) => {
    const seen = () => {
      const job = jobAt();
      return job !== undefined && fits(job);
    };
    commands.addCommand(id, { label, isVisible: seen, isEnabled: seen, execute: () => withJob(jobAt(), act) });
  };
  onJob(COMMANDS.openLog, say('Show Log'), () => true, job => actions.open(job.run_id, job.name, 'log'));
  onJob(COMMANDS.cancel, say('Cancel Job'), job => !isFinal(job.status), job => void actions.cancel(job));
  onJob(COMMANDS.retry, say('Retry Job'), job => isFinal(job.status), job => void actions.retry(job));
  onJob(COMMANDS.delete, say('Delete Job…'), job => isFinal(job.status), job => void actions.deleteJob(job));
  addRunCommands(app, here);
  addMenus(app);
}

function addRunCommands(app: JupyterFrontEnd, { trackside, actions }: Surroundings): void {
  const runAt = () => app.contextMenuHitTest(node => 'runId' in node.dataset)?.dataset['runId'];
  app.commands.addCommand(COMMANDS.copyId, {
    label: say('Copy Id'),
    execute: () => navigator.clipboard.writeText(runAt() ?? '')
  });
  app.commands.addCommand(COMMANDS.deleteRun, {
    label: say('Delete Run…'),
    execute: async () => {
      const id = runAt();
      if (id !== undefined) {
        const run = await trackside.rest.run(id);
        const job = run.job_id === null ? null : await trackside.rest.job(run.job_id);
        await (job === null ? actions.deleteRun(run) : actions.deleteJob(job));
      }
    }
  });
}

function addMenus(app: JupyterFrontEnd): void {
  const jobVerbs = [COMMANDS.openLog, COMMANDS.cancel, COMMANDS.retry, COMMANDS.copyId, COMMANDS.delete];
  jobVerbs.forEach((command, rank) => app.contextMenu.addItem({ command, selector: JOB_ROW, rank }));
  [COMMANDS.copyId, COMMANDS.deleteRun].forEach((command, rank) =>
    app.contextMenu.addItem({ command, selector: RUN_ROW, rank })
  );
}

/** Put into the palette what makes sense without a place. */
export function addToPalette(palette: ICommandPalette): void {
  for (const command of [COMMANDS.showPanel, COMMANDS.openRun]) {
    palette.addItem({ command, category: say('Trackside') });
  }
}

function withJob(job: Job | undefined, act: (job: Job) => void): void {
  if (job !== undefined) {
    act(job);
  }
}

async function askForRun(): Promise<string> {
  const answer = await InputDialog.getText({ title: say('Open Run'), label: say('Id of a job or run, as 41 or job-41') });
  const id = (answer.button.accept && answer.value?.trim()) || '';
  return /^\d+$/.test(id) ? `job-${id}` : id;
}

function tabOf(value: unknown): Tab | null {
  const tabs: readonly Tab[] = ['overview', 'curves', 'log', 'outputs', 'artifacts', 'system', 'config'];
  return tabs.find(tab => tab === value) ?? null;
}
