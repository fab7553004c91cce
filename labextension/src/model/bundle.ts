/** What a panel leaves in a notebook file: who is meant, nothing live. Read with care: notebooks come from anywhere. */
import type { Axis } from './series';

export const MIME_TYPE = 'application/vnd.trackside.run+json';

/** Runs of one panel that are followed: each costs requests, and more lines than these nobody tells apart. */
export const MOST_RUNS = 50;

/** A run as another place may know it: the id alone is not enough, a stranger's `job-41` is another job. */
export interface RunRef {
  readonly runId: string;
  readonly uuid: string;
  readonly name: string;
}

export interface JobBundle {
  readonly kind: 'job' | 'artifacts';
  readonly homeId: string;
  readonly run: RunRef;
  /** Which files are listed: the saved ones, or all of the run folder. */
  readonly root: 'artifacts' | 'run';
}

export interface TrackBundle {
  readonly kind: 'track';
  readonly homeId: string;
  readonly runs: readonly RunRef[];
  /** Empty: all. */
  readonly keys: readonly string[];
  readonly axis: Axis;
  readonly smooth: number;
  readonly log: boolean;
  readonly last: number | null;
  /** Names of settings in which the runs differ by intent. */
  readonly varies: readonly string[];
}

export type Bundle = JobBundle | TrackBundle;

type Raw = { readonly [key: string]: unknown };

/** Return the bundle, or null when it is none that this version can read. */
export function readBundle(data: unknown): Bundle | null {
  if (!isRaw(data) || data['version'] !== 1 || typeof data['home_id'] !== 'string') {
    return null;
  }
  const homeId = data['home_id'];
  if (data['kind'] === 'job' || data['kind'] === 'artifacts') {
    const run = readRun(data);
    const root = data['root'] === 'run' ? 'run' : 'artifacts';
    return run && { kind: data['kind'], homeId, run, root };
  }
  return data['kind'] === 'track' ? readTrack(data, homeId) : null;
}

function readTrack(data: Raw, homeId: string): TrackBundle | null {
  const listed = Array.isArray(data['runs']) ? data['runs'].map(readRun) : [];
  const runs = listed.filter((run): run is RunRef => run !== null);
  if (runs.length === 0) {
    return null;
  }
  const keys = texts(data['keys']);
  const weight = Number(data['smooth'] ?? 0);
  const last = Number(data['last'] ?? 0);
  return {
    kind: 'track',
    homeId,
    runs,
    keys,
    axis: typeof data['x'] === 'string' && data['x'] ? data['x'] : 'step',
    smooth: weight > 0 && weight < 1 ? weight : 0,
    log: data['log'] === true,
    last: last > 0 ? last : null,
    varies: texts(data['varies'])
  };
}

/** Return the run that `{run_id, uuid, name}` means, or null. */
export function readRun(data: unknown): RunRef | null {
  if (!isRaw(data) || typeof data['run_id'] !== 'string' || typeof data['uuid'] !== 'string') {
    return null;
  }
  const name = typeof data['name'] === 'string' && data['name'] ? data['name'] : data['run_id'];
  return { runId: data['run_id'], uuid: data['uuid'], name };
}

function texts(data: unknown): string[] {
  return Array.isArray(data) ? data.filter(text => typeof text === 'string') : [];
}

function isRaw(data: unknown): data is Raw {
  return typeof data === 'object' && data !== null && !Array.isArray(data);
}
