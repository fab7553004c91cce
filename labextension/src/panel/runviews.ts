/** Run views in the main area: one per run, back after a reload. */
import type { ILabShell, ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { WidgetTracker } from '@jupyterlab/apputils';

import type { Cell } from '../model/cell';
import type { Surroundings, Tab } from '../run/surroundings';
import { COMMANDS } from './commands';
import { RunWidget } from './widgets';

export class RunViews {
  private readonly tracker = new WidgetTracker<RunWidget>({ namespace: 'trackside-runs' });

  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly lab: ILabShell | null,
    private readonly surroundings: () => Surroundings,
    selected: Cell<string | null>
  ) {
    this.tracker.currentChanged.connect((_, widget) => selected.set(widget?.runId ?? null));
  }

  /** Bring the views back that stood there before the page was loaded. */
  restore(restorer: ILayoutRestorer): void {
    void restorer.restore(this.tracker, {
      command: COMMANDS.openRun,
      args: ({ runId, title, tab }) => ({ runId, name: title.label, tab }),
      name: ({ runId }) => runId
    });
  }

  /** Show a run; in a shell without a main area for it (a single notebook), at the right. */
  open(runId: string, name: string, tab: Tab | null): void {
    let widget = this.tracker.find(each => each.runId === runId);
    if (widget === undefined) {
      widget = new RunWidget(this.surroundings, runId, name, tab ?? 'overview');
      const made = widget;
      made.stateChanged.connect(() => void this.tracker.save(made));
      this.app.shell.add(made, this.lab === null ? 'right' : 'main');
      void this.tracker.add(made);
    } else if (tab !== null) {
      widget.tab = tab;
    }
    this.app.shell.activateById(widget.id);
  }
}
