/** What panels need of the application around them, and the hooks through which they follow the model. */
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import * as React from 'react';

import { EVERY_FRAME } from '../charts/pace';
import type { Pace } from '../charts/pace';
import type { Fields, Job, RunInfo } from '../api/types';
import type { Cell } from '../model/cell';
import type { Memory } from '../model/memory';
import type { Preferences } from '../model/preferences';
import { readOutputs } from '../model/outputs';
import type { Output } from '../model/outputs';
import type { RunModel } from '../model/run';
import type { Trackside } from '../model/trackside';

export type Tab = 'overview' | 'curves' | 'media' | 'log' | 'outputs' | 'artifacts' | 'system' | 'config';

/** The verbs; what goes wrong is told to the user by whoever performs them. */
export interface Actions {
  open(runId: string, name: string, tab?: Tab): void;
  compare(runs: readonly RunInfo[]): void;
  cancel(job: Job): Promise<void>;
  /** Run it again; `changes` are resources that hold from now on. */
  retry(job: Job, changes?: Fields): Promise<void>;
  pauseQueue(): Promise<void>;
  resumeQueue(): Promise<void>;
  /** Put a waiting job right before another, or behind all. */
  move(id: string, before: string | null): Promise<void>;
  deleteJob(job: Job): Promise<void>;
  deleteJobs(jobs: readonly Job[]): Promise<void>;
  deleteRun(run: RunInfo): Promise<void>;
  /** Bring a document to the front, by its name in JupyterLab; null where there is no such place. */
  readonly openDocument: ((path: string) => void) | null;
  /** Let the browser keep a file of the server. */
  download(url: string, name: string): void;
}

export interface Surroundings {
  readonly trackside: Trackside;
  readonly actions: Actions;
  readonly rendermime: IRenderMimeRegistry;
  /** What a person chose in panels; it outlives the page where something keeps it. */
  readonly memory: Memory;
  /** What one set, as it is now. */
  readonly preferences: Cell<Preferences>;
}

export const Here = React.createContext<Surroundings | null>(null);

/** How soon what stands here shows what is new. */
export const Paced = React.createContext<Pace>(EVERY_FRAME);

export function useHere(): Surroundings {
  const here = React.useContext(Here);
  if (here === null) {
    throw new Error('This panel stands outside of Trackside.');
  }
  return here;
}

/** The value of a cell, always the newest. */
export function useCell<T>(cell: Cell<T>): T {
  return React.useSyncExternalStore(cell.subscribe, cell.get);
}

/** The value of a cell that changes fast, at most once a frame; more seldom where nobody sees it. */
export function useFrame<T>(cell: Cell<T>): T {
  const { soon } = React.useContext(Paced);
  const [value, setValue] = React.useState(cell.get());
  React.useEffect(() => {
    const refresh = () => setValue(cell.get());
    refresh();
    return cell.subscribe(() => soon(refresh));
  }, [cell, soon]);
  return value;
}

/** What was chosen under this name, and how to choose otherwise. */
export function useMemory<T>(name: string, first: T): [T, (value: T) => void] {
  const { memory } = useHere();
  const all = useCell(memory.state);
  return [(all[name] as T | undefined) ?? first, value => memory.set(name, value)];
}

/** The server's time, renewed every `period` milliseconds while `active`. */
export function useNow(active: boolean, period = 1000): number {
  const { trackside } = useHere();
  const { soon } = React.useContext(Paced);
  const [now, setNow] = React.useState(() => trackside.now());
  React.useEffect(() => {
    if (!active) {
      return;
    }
    const refresh = () => setNow(trackside.now());
    refresh();
    const timer = setInterval(() => soon(refresh), period);
    return () => clearInterval(timer);
  }, [active, period, trackside, soon]);
  return now;
}

/** The run of this id, in use while the component stands. */
export function useRun(id: string): RunModel {
  const { trackside } = useHere();
  const held = React.useRef<{ id: string; model: RunModel; dispose(): void } | null>(null);
  if (held.current?.id !== id) {
    held.current?.dispose();
    const { model, dispose } = trackside.hold(id);
    held.current = { id, model, dispose };
  }
  React.useEffect(() => () => held.current?.dispose(), []);
  return held.current.model;
}

/** Repeat a reading while `active` and in sight, and in any case once at the start and at the end. */
export function usePolling(read: () => Promise<void>, active: boolean, period: number): void {
  const pace = React.useContext(Paced);
  React.useEffect(() => {
    const attempt = () => {
      read().catch(() => undefined); // the run's own state tells what is wrong; the next reading tries again
    };
    attempt();
    if (!active) {
      return;
    }
    const timer = setInterval(() => {
      if (pace.seen && !document.hidden) {
        attempt();
      }
    }, period);
    return () => clearInterval(timer);
  }, [read, active, period, pace]);
}

/** What the run displayed, read while it runs; tracebacks among it only when asked for. */
export function useOutputs(model: RunModel, errors: boolean): Output[] {
  const facts = useCell(model.facts);
  const status = facts.job?.status ?? facts.run?.status;
  const records = useCell(model.outputs);
  const read = React.useCallback(() => model.readOutputs(), [model, status]);
  usePolling(read, model.running, 3000);
  return React.useMemo(
    () => readOutputs(records ?? []).filter(output => errors || output.output_type !== 'error'),
    [records, errors]
  );
}
