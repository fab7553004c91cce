/** What panels need of the application around them, and the hooks through which they follow the model. */
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import * as React from 'react';

import { onFrame } from '../charts/frame';
import type { Job, RunInfo } from '../api/types';
import type { Cell } from '../model/cell';
import type { RunModel } from '../model/run';
import type { Trackside } from '../model/trackside';

export type Tab = 'overview' | 'curves' | 'log' | 'outputs' | 'artifacts' | 'system' | 'config';

/** The verbs; what goes wrong is told to the user by whoever performs them. */
export interface Actions {
  open(runId: string, name: string, tab?: Tab): void;
  compare(runs: readonly RunInfo[]): void;
  cancel(job: Job): Promise<void>;
  retry(job: Job): Promise<void>;
  deleteJob(job: Job): Promise<void>;
  deleteRun(run: RunInfo): Promise<void>;
  /** Let the browser keep a file of the server. */
  download(url: string, name: string): void;
}

export interface Surroundings {
  readonly trackside: Trackside;
  readonly actions: Actions;
  readonly rendermime: IRenderMimeRegistry;
}

export const Here = React.createContext<Surroundings | null>(null);

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

/** The value of a cell that changes fast, at most once a frame. */
export function useFrame<T>(cell: Cell<T>): T {
  const [value, setValue] = React.useState(cell.get());
  React.useEffect(() => {
    const refresh = () => setValue(cell.get());
    refresh();
    return cell.subscribe(() => onFrame(refresh));
  }, [cell]);
  return value;
}

/** The server's time, renewed every `period` milliseconds while `active`. */
export function useNow(active: boolean, period = 1000): number {
  const { trackside } = useHere();
  const [now, setNow] = React.useState(() => trackside.now());
  React.useEffect(() => {
    if (!active) {
      return;
    }
    setNow(trackside.now());
    const timer = setInterval(() => setNow(trackside.now()), period);
    return () => clearInterval(timer);
  }, [active, period, trackside]);
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

/** Repeat a reading while `active`, and once at the start and at the end; a hidden tab rests. */
export function usePolling(read: () => Promise<void>, active: boolean, period: number): void {
  React.useEffect(() => {
    const attempt = () => {
      if (!document.hidden) {
        read().catch(() => undefined); // the run's own state tells what is wrong; the next reading tries again
      }
    };
    attempt();
    if (!active) {
      return;
    }
    const timer = setInterval(attempt, period);
    return () => clearInterval(timer);
  }, [read, active, period]);
}
