/**
 * Brings what notebooks keep of jobs up to date: the pictures and texts that are seen where nothing is live.
 *
 * The kernel does it when a job ends; this does it where the kernel was gone, for notebooks that are open now.
 */
import type { ICodeCellModel } from '@jupyterlab/cells';
import type { IOutput } from '@jupyterlab/nbformat';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { IOutputAreaModel } from '@jupyterlab/outputarea';
import type { IOutputModel } from '@jupyterlab/rendermime';

import { ApiError } from '../api/rest';
import type { RunInfo } from '../api/types';
import { isFinal } from '../model/jobs';
import { MIME_TYPE, MOST_RUNS, readBundle } from '../model/bundle';
import type { Bundle, RunRef } from '../model/bundle';
import { endOf, isOlder } from '../model/saved';
import type { Trackside } from '../model/trackside';
import { picture, text } from '../run/still';

/** Milliseconds that the kernel has to do it itself, after an end that one saw. */
const FOR_THE_KERNEL = 8_000;

/** Follow the notebooks of this window. */
export function keepSaved(notebooks: INotebookTracker, trackside: Trackside): void {
  const keeper = new Keeper(notebooks, trackside);
  void trackside.started.then(homeId => {
    const opened = (panel: NotebookPanel) => void panel.context.ready.then(() => keeper.look(panel, homeId));
    notebooks.forEach(opened);
    notebooks.widgetAdded.connect((_, panel) => opened(panel));
    trackside.events.listen({
      onEvent: event => {
        if (event.type === 'job' && isFinal(event.job.status)) {
          keeper.lookSoon(homeId, event.job.run_id);
        }
      }
    });
  });
}

class Keeper {
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Runs that ended since the last look; who shows none of them is not asked about. */
  private ended = new Set<string>();
  private looking: Promise<void> = Promise.resolve();

  constructor(
    private readonly notebooks: INotebookTracker,
    private readonly trackside: Trackside
  ) {}

  /** Look at all open notebooks, once the kernels had their time. */
  lookSoon(homeId: string, run: string): void {
    this.ended.add(run);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const { ended } = this;
      this.ended = new Set();
      this.notebooks.forEach(panel => this.look(panel, homeId, ended));
    }, FOR_THE_KERNEL);
  }

  /** Renew what is old in a notebook (of `only` these runs), one output after the other; what cannot be read stays as it is. */
  look(panel: NotebookPanel, homeId: string, only: ReadonlySet<string> | null = null): void {
    this.looking = this.looking.then(async () => {
      for (const outputs of outputsOf(panel)) {
        for (let index = 0; index < outputs.length && !panel.isDisposed; index++) {
          await this.renew(outputs, index, homeId, only).catch(() => undefined); // the next opening tries again
        }
      }
    });
  }

  private async renew(
    outputs: IOutputAreaModel,
    index: number,
    homeId: string,
    only: ReadonlySet<string> | null
  ): Promise<void> {
    const output = outputs.get(index);
    const raw = output.data[MIME_TYPE];
    const bundle = readBundle(raw);
    if (bundle === null || bundle.homeId !== homeId) {
      return;
    }
    const refs = refsOf(bundle);
    if (refs.length > MOST_RUNS || (only !== null && !refs.some(ref => only.has(ref.runId)))) {
      return;
    }
    const runs = await this.ours(refs);
    const end = endOf(runs);
    if (end === null || !isOlder(raw as object as Record<string, unknown>, end)) {
      return;
    }
    const data = await this.stillOf(bundle, runs, output);
    if (outputs.get(index) === output) {
      const ended = { ...(raw as object), ended: end };
      outputs.set(index, { ...output.toJSON(), data: { ...output.data, ...data, [MIME_TYPE]: ended } } as IOutput);
    }
  }

  /** The runs that are really meant; none when one of them is a stranger's, or gone. */
  private async ours(refs: readonly RunRef[]): Promise<RunInfo[]> {
    const found: RunInfo[] = [];
    for (const ref of refs) {
      const run = await this.trackside.rest.run(ref.runId).catch((error: unknown) => {
        if (error instanceof ApiError && error.missing) {
          return null;
        }
        throw error;
      });
      if (run === null || run.uuid !== ref.uuid) {
        return [];
      }
      found.push(run);
    }
    return found;
  }

  private async stillOf(
    bundle: Bundle,
    runs: readonly RunInfo[],
    output: IOutputModel
  ): Promise<Record<string, string>> {
    const { rest } = this.trackside;
    const now = this.trackside.now();
    const before = String(output.data['text/plain'] ?? '');
    if (bundle.kind === 'artifacts') {
      const [run] = runs;
      const page = run === undefined ? null : await rest.artifacts(run.id, bundle.root);
      return { 'text/plain': text(bundle, runs, [], page, before, now) };
    }
    const query = { x: bundle.kind === 'track' ? bundle.axis : 'step', max_points: 400 };
    const metrics = [];
    for (const run of runs) {
      metrics.push(await rest.metrics(run.id, query));
    }
    const png = picture(bundle, runs, metrics, now);
    return {
      'text/plain': text(bundle, runs, metrics, null, before, now),
      ...(png !== null && { 'image/png': png })
    };
  }
}

function refsOf(bundle: Bundle): readonly RunRef[] {
  return bundle.kind === 'track' ? bundle.runs : [bundle.run];
}

/** The outputs of all code cells of a notebook that may be written to. */
function* outputsOf(panel: NotebookPanel): Generator<IOutputAreaModel> {
  const { context } = panel;
  const cells = context.contentsModel?.writable === false ? undefined : panel.model?.cells;
  for (const cell of cells ?? []) {
    if (cell.type === 'code') {
      yield (cell as ICodeCellModel).outputs;
    }
  }
}
