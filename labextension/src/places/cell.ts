/** “Submit cell as job”: puts `%%submit` above the cell and runs it, so that the notebook shows what was done. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { NotebookActions } from '@jupyterlab/notebook';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel } from '@jupyterlab/services';

import { submitted } from '../model/submitting';
import type { Submitted } from '../model/submitting';
import { tracksideIcon } from '../panel/icon';
import { say } from '../words';

export const SUBMIT_CELL = 'trackside:submit-cell';

/** Add the command; `options` gives what stands behind `%%submit` unless the cell says it. */
export function addSubmitCell(app: JupyterFrontEnd, notebooks: INotebookTracker, options: () => string): void {
  app.commands.addCommand(SUBMIT_CELL, {
    label: say('Submit Cell as Job'),
    caption: say('Submit cell as job: it runs beside the kernel, which stays free'),
    icon: tracksideIcon,
    isEnabled: () => notebooks.activeCell?.model.type === 'code',
    execute: async () => {
      const panel = notebooks.currentWidget;
      if (panel !== null) {
        const problem = await submitActive(panel, options());
        if (problem !== '') {
          Notification.warning(problem, { autoClose: 10_000 });
        }
      }
    }
  });
  notebooks.activeCellChanged.connect(() => app.commands.notifyCommandChanged(SUBMIT_CELL));
}

/** Return what stands in the way, or an empty text when the cell was run. */
async function submitActive(panel: NotebookPanel, options: string): Promise<string> {
  const { content: notebook, sessionContext } = panel;
  const cell = notebook.activeCell;
  if (cell === null) {
    return '';
  }
  const { sharedModel } = cell.model;
  const problem = inTheWay(submitted(sharedModel.getSource(), options));
  const kernel = sessionContext.session?.kernel;
  if (problem !== '') {
    return problem;
  }
  if (kernel == null) {
    return say('This notebook has no kernel. Start one: it says what the cell carries into the job.');
  }
  if (!(await hasTrackside(kernel))) {
    return say('This kernel has no Trackside. Run %pip install trackside in it, then try again.');
  }
  const read = submitted(sharedModel.getSource(), options); // a busy kernel answers late: one may have typed meanwhile
  if ('source' in read) {
    sharedModel.setSource(read.source);
    await NotebookActions.runCells(notebook, [cell], sessionContext);
  }
  return inTheWay(read);
}

function inTheWay(read: Submitted): string {
  if ('source' in read) {
    return '';
  }
  return read.magic === ''
    ? say('The cell is empty.')
    : say('A cell that begins with %1 cannot be submitted: a cell has one such line.', read.magic);
}

/** Load the magics; whether the kernel could. */
async function hasTrackside(kernel: Kernel.IKernelConnection): Promise<boolean> {
  const code = "get_ipython().run_line_magic('load_ext', 'trackside')";
  const reply = await kernel.requestExecute({ code, silent: true, store_history: false, stop_on_error: false }).done;
  return reply?.content.status === 'ok';
}
