/** The columns of the table of runs, by name: `status`, `config.lr`, `summary.best`, `loss.min`. Pure. */
import type { RunInfo } from '../api/types';
import { flat } from './settings';

const PLAIN: readonly string[] = ['status', 'tags', 'duration', 'started'];
const ENDS = ['last', 'min', 'max'] as const;
const MOST_KNOWN = 400;

/** All columns that these runs have something for, the plain ones first. */
export function columnsOf(runs: readonly RunInfo[]): string[] {
  const found = new Set<string>();
  for (const run of runs) {
    for (const [key] of flat(run.config)) {
      found.add(`config.${key}`);
    }
    for (const key of Object.keys(run.summary)) {
      found.add(`summary.${key}`);
    }
    for (const key of Object.keys(run.metrics)) {
      ENDS.forEach(end => found.add(`${key}.${end}`));
    }
  }
  return [...PLAIN, ...[...found].sort().slice(0, MOST_KNOWN)];
}

/** What stands in the head: the last part of the name, and which end of a metric. */
export function titleOf(column: string): string {
  const [, key = column, end = ''] = /^(.*?)(?:\.(last|min|max))?$/.exec(column) ?? [];
  const inner = column.startsWith('config.') || column.startsWith('summary.') ? column : key;
  const short = inner.split(/[/.]/).pop() ?? inner;
  return inner === key && (end === 'min' || end === 'max') ? `${short} ${end}` : short;
}

/** What a run has in a column; undefined where it has nothing. Moments and lengths of time are not of these. */
export function valueOf(run: RunInfo, column: string): unknown {
  if (column.startsWith('config.')) {
    return within(run.config, column.slice('config.'.length));
  }
  if (column.startsWith('summary.')) {
    return run.summary[column.slice('summary.'.length)];
  }
  const end = ENDS.find(each => column.endsWith(`.${each}`));
  const facts = end === undefined ? undefined : run.metrics[column.slice(0, -end.length - 1)];
  return end === undefined ? undefined : (facts?.[end] ?? undefined);
}

function within(values: { readonly [key: string]: unknown }, key: string): unknown {
  if (key in values) {
    return values[key];
  }
  return flat(values).find(([name]) => name === key)?.[1];
}

/** At most two columns that tell runs apart: a setting that differs, and a summary value that many have. */
export function telling(runs: readonly RunInfo[]): string[] {
  const configs = keysOf(runs, run => run.config).filter(
    key =>
      new Set(runs.map(run => JSON.stringify(run.config[key]))).size > 1 &&
      runs.some(run => typeof run.config[key] === 'number')
  );
  const summaries = keysOf(runs, run => run.summary).filter(key =>
    runs.some(run => typeof run.summary[key] === 'number')
  );
  return [...configs.slice(0, 1).map(key => `config.${key}`), ...summaries.slice(0, 1).map(key => `summary.${key}`)];
}

/** Keys by how many runs have them. */
function keysOf(runs: readonly RunInfo[], of: (run: RunInfo) => { readonly [key: string]: unknown }): string[] {
  const counts = new Map<string, number>();
  for (const key of runs.flatMap(run => Object.keys(of(run)))) {
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]).map(([key]) => key);
}
