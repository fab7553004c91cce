/** The plugins of Trackside. */
import { ILabShell, ILayoutRestorer } from '@jupyterlab/application';
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { IRunningSessionManagers } from '@jupyterlab/running';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator } from '@jupyterlab/translation';
import { Token } from '@lumino/coreutils';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { connect } from './api/connect';
import { overHttp } from './api/http';
import { onFrame } from './charts/frame';
import { Cell } from './model/cell';
import { Memory } from './model/memory';
import { preferences, USUAL } from './model/preferences';
import { Trackside } from './model/trackside';
import { makeActions } from './panel/actions';
import { addCommands, addToPalette, COMMANDS } from './panel/commands';
import { Notices } from './panel/notices';
import { RunViews } from './panel/runviews';
import { SideWidget, StatusWidget } from './panel/widgets';
import { addSubmitCell, SUBMIT_CELL } from './places/cell';
import { addSubmitFile } from './places/files';
import { RunDrive } from './places/drive';
import { addToLauncher } from './places/launcher';
import { addToRunning } from './places/running';
import { keepSaved } from './places/saved';
import { rendererFactory } from './run/renderer';
import type { Surroundings } from './run/surroundings';
import { say, speak } from './words';

/** What the plugins share: the one Trackside of this window. */
interface ITrackside {
  readonly surroundings: Surroundings;
  readonly settings: Promise<ISettingRegistry.ISettings | null>;
}

const ITrackside = new Token<ITrackside>('trackside:ITrackside', 'Jobs, runs and GPUs of this Jupyter server.');
const ID = 'trackside:plugin';
const CHOICES = 'trackside:choices';

const core: JupyterFrontEndPlugin<ITrackside> = {
  id: ID,
  description: 'Connects to the jobs, runs and GPUs of this Jupyter server.',
  autoStart: true,
  provides: ITrackside,
  requires: [IRenderMimeRegistry],
  optional: [ISettingRegistry, ITranslator, IStateDB],
  activate: (
    app: JupyterFrontEnd,
    rendermime: IRenderMimeRegistry,
    registry: ISettingRegistry | null,
    translator: ITranslator | null,
    state: IStateDB | null
  ) => {
    if (translator !== null) {
      speak(translator.load('trackside'));
    }
    const { rest, live } = connect(overHttp(app.serviceManager.serverSettings));
    const trackside = new Trackside(rest, live, onFrame);
    const actions = makeActions(trackside, {
      open: (runId, name, tab) => {
        void app.commands.execute(COMMANDS.openRun, { runId, name, ...(tab !== undefined && { tab }) });
      },
      compare: runs => {
        const named = runs.map(({ id, uuid, name }) => ({ run_id: id, uuid, name }));
        void app.commands.execute(COMMANDS.compare, { runs: named });
      },
      openDocument: path => void app.commands.execute('docmanager:open', { path })
    });
    const memory = new Memory(all => void state?.save(CHOICES, all as ReadonlyPartialJSONObject));
    void state?.fetch(CHOICES).then(kept => memory.restore(kept));
    const settings = registry === null ? Promise.resolve(null) : registry.load(ID).catch(() => null); // without its schema: the defaults
    const preferred = new Cell(USUAL);
    void settings.then(found => {
      const follow = () => found !== null && preferred.set(preferences(name => found.get(name).composite));
      follow();
      found?.changed.connect(follow);
    });
    void trackside.start(); // while Lab is still being made
    return { surroundings: { trackside, actions, rendermime, memory, preferences: preferred }, settings };
  }
};

const renderer: JupyterFrontEndPlugin<void> = {
  id: 'trackside:renderer',
  description: 'Shows jobs, curves and files live in notebook outputs.',
  autoStart: true,
  requires: [ITrackside, IRenderMimeRegistry],
  activate: (_: JupyterFrontEnd, { surroundings }: ITrackside, rendermime: IRenderMimeRegistry) => {
    rendermime.addFactory(rendererFactory(() => surroundings));
  }
};

const panel: JupyterFrontEndPlugin<void> = {
  id: 'trackside:panel',
  description: 'The side panel, the run views and their commands.',
  autoStart: true,
  requires: [ITrackside],
  optional: [ILabShell, ILayoutRestorer, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    { surroundings, settings }: ITrackside,
    lab: ILabShell | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null
  ) => {
    const selected = new Cell<string | null>(null);
    const side = new SideWidget(() => surroundings, selected);
    const views = new RunViews(app, lab, () => surroundings, selected);
    addCommands(app, surroundings, () => app.shell.activateById(side.id), views);
    if (palette !== null) {
      addToPalette(palette);
    }
    if (restorer !== null) {
      restorer.add(side, side.id);
      views.restore(restorer);
    }
    void settings.then(found => {
      app.shell.add(side, found?.get('area').composite === 'right' ? 'right' : 'left', { rank: 300 });
    });
  }
};

const status: JupyterFrontEndPlugin<void> = {
  id: 'trackside:status',
  description: 'Running and waiting jobs and free GPUs in the status bar.',
  autoStart: true,
  requires: [ITrackside],
  optional: [IStatusBar],
  activate: (app: JupyterFrontEnd, { surroundings }: ITrackside, bar: IStatusBar | null) => {
    const show = () => void app.commands.execute(COMMANDS.showPanel);
    bar?.registerStatusItem('trackside:status', {
      item: new StatusWidget(() => surroundings, show),
      align: 'left',
      rank: 900
    });
  }
};

const notices: JupyterFrontEndPlugin<void> = {
  id: 'trackside:notices',
  description: 'A notification when a job ends.',
  autoStart: true,
  requires: [ITrackside],
  activate: (app: JupyterFrontEnd, { surroundings, settings }: ITrackside) => {
    const { trackside, actions, preferences: wished } = surroundings;
    const show = () => void app.commands.execute(COMMANDS.showPanel);
    const told = new Notices(trackside, actions, show, () => wished.get().notify);
    void settings.then(() => trackside.started).then(homeId => told.start(homeId));
  }
};

const places: JupyterFrontEndPlugin<void> = {
  id: 'trackside:places',
  description: 'Jobs where JupyterLab has its own: cell toolbar, file browser, running list, launcher.',
  autoStart: true,
  requires: [ITrackside],
  optional: [INotebookTracker, IFileBrowserFactory, IRunningSessionManagers, ILauncher, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    { surroundings }: ITrackside,
    notebooks: INotebookTracker | null,
    browsers: IFileBrowserFactory | null,
    running: IRunningSessionManagers | null,
    launcher: ILauncher | null,
    palette: ICommandPalette | null
  ) => {
    if (notebooks !== null) {
      addSubmitCell(app, notebooks, () => surroundings.preferences.get().submit);
      palette?.addItem({ command: SUBMIT_CELL, category: say('Trackside') });
      keepSaved(notebooks, surroundings.trackside);
    }
    const { contents, serverSettings } = app.serviceManager;
    contents.addDrive(new RunDrive(surroundings.trackside.rest, serverSettings));
    if (browsers !== null) {
      addSubmitFile(app, browsers, surroundings);
    }
    if (running !== null) {
      addToRunning(running, surroundings);
    }
    if (launcher !== null) {
      addToLauncher(launcher);
    }
  }
};

export default [core, renderer, panel, status, notices, places];
