/** Views of runs in the main area: one per run, one per comparison, back after a reload. */
import type { ILabShell, ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { WidgetTracker } from '@jupyterlab/apputils';

import type { RunRef } from '../model/bundle';
import type { Cell } from '../model/cell';
import type { Surroundings, Tab } from '../run/surroundings';
import { COMMANDS } from './commands';
import { CompareWidget, RunWidget } from './widgets';

export class RunViews {
  private readonly tracker = new WidgetTracker<RunWidget>({ namespace: 'trackside-runs' });
  private readonly compared = new WidgetTracker<CompareWidget>({ namespace: 'trackside-compared' });

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
    void restorer.restore(this.compared, {
      command: COMMANDS.compare,
      args: ({ runs }) => ({ runs: runs.map(({ runId, uuid, name }) => ({ run_id: runId, uuid, name })) }),
      name: ({ id }) => id
    });
  }

  /** Show a run; in a shell without a main area for it (a single notebook), at the right. */
  open(runId: string, name: string, tab: Tab | null): void {
    let widget = this.tracker.find(each => each.runId === runId);
    if (widget === undefined) {
      widget = new RunWidget(this.surroundings, runId, name, tab ?? 'overview');
      const made = widget;
      made.stateChanged.connect(() => void this.tracker.save(made));
      this.add(made);
      void this.tracker.add(made);
    } else if (tab !== null) {
      widget.tab = tab;
    }
    this.app.shell.activateById(widget.id);
  }

  /** Show several runs side by side. */
  compare(runs: readonly RunRef[]): void {
    let widget = this.compared.find(({ id }) => id === CompareWidget.idOf(runs));
    if (widget === undefined) {
      widget = new CompareWidget(this.surroundings, runs);
      this.add(widget);
      void this.compared.add(widget);
    }
    this.app.shell.activateById(widget.id);
  }

  private add(widget: RunWidget | CompareWidget): void {
    this.app.shell.add(widget, this.lab === null ? 'right' : 'main');
  }
}
