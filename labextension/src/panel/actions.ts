/** The verbs as the user performs them: ask where something would be lost, tell what went wrong. */
import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';

import { ApiError } from '../api/rest';
import type { Job, RunInfo } from '../api/types';
import type { Trackside } from '../model/trackside';
import type { Actions, Tab } from '../run/surroundings';
import { say } from '../words';

export interface Views {
  open(runId: string, name: string, tab?: Tab): void;
  compare(runs: readonly RunInfo[]): void;
  openDocument(path: string): void;
}

export function makeActions(trackside: Trackside, views: Views): Actions {
  const { rest } = trackside;
  return {
    ...views,
    cancel: job => told(() => rest.cancel(job.id)),
    retry: (job, changes) => told(() => rest.retry(job.id, changes)),
    pauseQueue: () => told(() => rest.pauseQueue()),
    resumeQueue: () => told(() => rest.resumeQueue()),
    move: (id, before) => told(() => rest.move(id, before)),
    deleteJobs: jobs => manyConfirmed(jobs, job => rest.deleteJob(job.id)),
    deleteJob: job => confirmed(job, () => rest.deleteJob(job.id)),
    deleteRun: run => confirmed(run, () => rest.deleteRun(run.id)),
    download
  };
}

function download(url: string, name: string): void {
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
}

async function confirmed(what: Job | RunInfo, act: () => Promise<void>): Promise<void> {
  const answer = await showDialog({
    title: say('Delete %1?', what.name),
    body: say('Its log, metrics and files in %1 are deleted too. This cannot be undone.', what.run_dir),
    buttons: [Dialog.cancelButton({ label: say('Keep') }), Dialog.warnButton({ label: say('Delete') })],
    defaultButton: 0
  });
  if (answer.button.accept) {
    await told(act);
  }
}

async function manyConfirmed(jobs: readonly Job[], act: (job: Job) => Promise<void>): Promise<void> {
  const [first] = jobs;
  if (jobs.length === 1 && first !== undefined) {
    return confirmed(first, () => act(first));
  }
  const answer = await showDialog({
    title: say('Delete %1 jobs?', jobs.length),
    body: say(
      'Their logs, metrics and files are deleted too: %1. This cannot be undone.',
      jobs.map(({ name }) => name).join(', ')
    ),
    buttons: [Dialog.cancelButton({ label: say('Keep') }), Dialog.warnButton({ label: say('Delete') })],
    defaultButton: 0
  });
  if (answer.button.accept) {
    await Promise.all(jobs.map(job => told(() => act(job))));
  }
}

/** Perform, and say what went wrong and what to do about it. */
export async function told(act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    const hint = error instanceof ApiError ? error.hint : '';
    const message = error instanceof Error ? error.message : String(error);
    Notification.error([message, hint].filter(Boolean).join(' '), { autoClose: 10_000 });
  }
}
