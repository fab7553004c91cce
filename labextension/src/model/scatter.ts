/** Runs as points: a setting, a summary value or a metric against another. Pure. */
import type { RunInfo } from '../api/types';
import { columnsOf, valueOf } from './columns';

export interface Point {
  readonly run: RunInfo;
  /** Places along both axes, 0 to 1, from the left and from below. */
  readonly x: number;
  readonly y: number;
  readonly xWords: string;
  readonly yWords: string;
}

export interface Scale {
  /** Where the marks stand, and what they say. */
  readonly marks: readonly { readonly at: number; readonly words: string }[];
  place(value: unknown): number | null;
}

export const DURATION = 'duration';
const EDGE = 0.04;

/** The axes that are worth a look: columns of which at least two values differ; those with numbers can be heights. */
export function axesOf(runs: readonly RunInfo[]): { across: string[]; up: string[] } {
  const columns = [DURATION, ...columnsOf(runs).filter(column => /^(config|summary)\.|\.(last|min|max)$/.test(column))];
  const across = columns.filter(column => new Set(runs.map(run => JSON.stringify(axisValue(run, column)))).size > 1);
  const up = across.filter(column => runs.some(run => typeof axisValue(run, column) === 'number'));
  return { across, up };
}

/** What a run has along an axis. */
export function axisValue(run: RunInfo, column: string): unknown {
  const value = column === DURATION ? run.duration_seconds : valueOf(run, column);
  return typeof value === 'number' && !Number.isFinite(value) ? null : value;
}

/** A scale over these values: of numbers, equal or by powers of ten; of anything else, one place for each. */
export function scaleOf(values: readonly unknown[], log: boolean, words: (value: number) => string): Scale {
  const present = values.filter(value => value !== undefined && value !== null);
  const numbers = present.filter((value): value is number => typeof value === 'number');
  if (numbers.length === 0 || numbers.length < present.length) {
    return categories(present);
  }
  const kept = log ? numbers.filter(value => value > 0) : numbers;
  const move = (value: number) => (log ? Math.log10(value) : value);
  const [low, high] = [Math.min(...kept.map(move)), Math.max(...kept.map(move))];
  const at = (value: number) => (high === low ? 0.5 : EDGE + (1 - 2 * EDGE) * ((move(value) - low) / (high - low)));
  const back = (place: number) => (log ? 10 ** place : place);
  const steps = high === low ? [low] : [0, 0.25, 0.5, 0.75, 1].map(part => low + part * (high - low));
  return {
    marks: kept.length === 0 ? [] : steps.map(step => ({ at: at(back(step)), words: words(back(step)) })),
    place: value => (typeof value === 'number' && (!log || value > 0) && kept.length > 0 ? at(value) : null)
  };
}

function categories(values: readonly unknown[]): Scale {
  const names = [...new Set(values.map(value => (typeof value === 'string' ? value : JSON.stringify(value))))].sort();
  const at = (name: string) => (names.indexOf(name) + 0.5) / names.length;
  return {
    marks: names.map(name => ({ at: at(name), words: name })),
    place: value => {
      const name = typeof value === 'string' ? value : JSON.stringify(value);
      return value === undefined || value === null || !names.includes(name) ? null : at(name);
    }
  };
}

/** The axes that tell most at first: a setting that differs, and a metric or summary value. */
export function firstAxes(axes: { across: readonly string[]; up: readonly string[] }): [string, string] {
  const x = axes.across.find(column => column.startsWith('config.')) ?? axes.across[0] ?? '';
  const telling = (column: string) => column !== x && !column.startsWith('config.') && column !== DURATION;
  const good = axes.up.filter(telling);
  return [x, good.find(column => /loss.*min|acc.*max/i.test(column)) ?? good[0] ?? axes.up.find(y => y !== x) ?? ''];
}
