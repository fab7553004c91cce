/** The widgets that stand in JupyterLab; what they show is loaded when they are first seen. */
import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import * as React from 'react';

import type { RunRef } from '../model/bundle';
import { Cell } from '../model/cell';
import { outdatedWords } from '../run/Saved';
import { Here } from '../run/surroundings';
import type { Surroundings, Tab } from '../run/surroundings';
import { say } from '../words';
import { tracksideIcon } from './icon';
import { StatusItem } from './StatusItem';

const fetchSidePanel = () => import('./SidePanel').then(({ SidePanel }) => ({ default: SidePanel }), outdated);
const SidePanel = React.lazy(fetchSidePanel);
const Compare = React.lazy(async () => ({ default: (await import('../run/Compare')).Compare }));
const RunView = React.lazy(() => import('../run/RunView').then(({ RunView }) => ({ default: RunView }), outdated));

function outdated(): { default: () => JSX.Element } {
  return { default: () => <p className="ts-note">{outdatedWords()}</p> };
}

abstract class TracksideWidget extends ReactWidget {
  protected readonly seen = new Cell(false);

  constructor(private readonly surroundings: () => Surroundings) {
    super();
    this.addClass('trackside');
  }

  protected abstract content(): JSX.Element;

  protected override render(): JSX.Element {
    return (
      <Here.Provider value={this.surroundings()}>
        <React.Suspense fallback={<div className="ts-loading" />}>{this.content()}</React.Suspense>
      </Here.Provider>
    );
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.seen.set(true);
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.seen.set(false);
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.seen.set(this.isVisible);
  }

  /** A tab that is closed is gone, and lets go of its runs; opened again, it is a new one. */
  protected override onCloseRequest(message: Message): void {
    super.onCloseRequest(message);
    this.dispose();
  }
}

export class SideWidget extends TracksideWidget {
  constructor(
    surroundings: () => Surroundings,
    private readonly selected: Cell<string | null>
  ) {
    super(surroundings);
    this.id = 'trackside-panel';
    this.addClass('ts-sidewidget');
    this.title.icon = tracksideIcon;
    this.title.caption = say('Trackside: GPUs, jobs, runs');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', say('Trackside'));
    void fetchSidePanel(); // small, and most people look at it first
  }

  protected override content(): JSX.Element {
    return <SidePanel selected={this.selected} visible={this.seen} />;
  }
}

export class RunWidget extends TracksideWidget {
  private readonly changed = new Signal<this, void>(this);

  constructor(
    surroundings: () => Surroundings,
    readonly runId: string,
    name: string,
    private shownTab: Tab
  ) {
    super(surroundings);
    this.id = `trackside-run-${runId}`;
    this.addClass('ts-runwidget');
    this.title.icon = tracksideIcon;
    this.title.closable = true;
    this.setName(name);
  }

  get tab(): Tab {
    return this.shownTab;
  }

  set tab(tab: Tab) {
    this.shownTab = tab;
    this.update();
    this.changed.emit();
  }

  /** The tab or the name changed: worth to be remembered. */
  get stateChanged(): ISignal<this, void> {
    return this.changed;
  }

  protected override content(): JSX.Element {
    return (
      <RunView
        runId={this.runId}
        tab={this.shownTab}
        onTab={tab => (this.tab = tab)}
        onName={name => this.setName(name)}
      />
    );
  }

  private setName(name: string): void {
    if (this.title.label !== name) {
      this.title.label = name;
      this.title.caption = say('%1, a run of Trackside', name);
    }
  }
}

export class CompareWidget extends TracksideWidget {
  constructor(
    surroundings: () => Surroundings,
    readonly runs: readonly RunRef[]
  ) {
    super(surroundings);
    this.id = CompareWidget.idOf(runs);
    this.addClass('ts-runwidget');
    this.title.icon = tracksideIcon;
    this.title.closable = true;
    this.title.label = runs.map(run => run.name).join(' · ');
    this.title.caption = say('Comparison of %1 runs', runs.length);
  }

  static idOf(runs: readonly RunRef[]): string {
    return `trackside-compare-${runs.map(run => run.runId).join('-')}`;
  }

  protected override content(): JSX.Element {
    return <Compare runs={this.runs} />;
  }
}

export class StatusWidget extends ReactWidget {
  constructor(
    private readonly surroundings: () => Surroundings,
    private readonly onClick: () => void
  ) {
    super();
    this.id = 'trackside-status';
  }

  protected override render(): JSX.Element {
    return (
      <Here.Provider value={this.surroundings()}>
        <StatusItem onClick={this.onClick} />
      </Here.Provider>
    );
  }
}
