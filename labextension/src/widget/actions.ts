/** The verbs of a panel in a widget: no dialogs, and so nothing that cannot be undone. */
import { ApiError } from '../api/rest';
import type { Rest } from '../api/rest';
import type { Actions } from '../run/surroundings';
import { say } from '../words';

/** `tell` shows a sentence below the panel. */
export function makeActions(rest: Rest, tell: (words: string) => void): Actions {
  const told = async (act: () => Promise<unknown>): Promise<void> => {
    try {
      tell('');
      await act();
    } catch (error) {
      const hint = error instanceof ApiError ? error.hint : '';
      const message = error instanceof Error ? error.message : String(error);
      tell([message, hint].filter(Boolean).join(' '));
    }
  };
  const elsewhere = async () => tell(say('This is done in JupyterLab, or in the terminal with the command trackside.'));
  return {
    open: () => void elsewhere(),
    compare: () => void elsewhere(),
    cancel: job => told(() => rest.cancel(job.id)),
    retry: (job, changes) => told(() => rest.retry(job.id, changes)),
    pauseQueue: elsewhere,
    resumeQueue: elsewhere,
    move: elsewhere,
    deleteJob: elsewhere,
    deleteJobs: elsewhere,
    deleteRun: elsewhere,
    openDocument: null,
    download: url => {
      const link = document.createElement('a');
      link.href = url;
      link.click();
    }
  };
}
