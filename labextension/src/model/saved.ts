/** Which saved outputs are older than the end of what they show. Pure. */
import type { RunInfo } from '../api/types';
import { isFinal } from './jobs';

type Ended = Pick<RunInfo, 'status' | 'finished_at'>;

/** When the last of these runs ended; null while one goes on. */
export function endOf(runs: readonly Ended[]): string | null {
  const ends = runs.map(run => (isFinal(run.status) ? run.finished_at : null));
  return ends.length === 0 || ends.includes(null) ? null : ends.reduce((last, end) => (later(end, last) ? end : last));
}

/** Whether a bundle was saved before this end; `ended` in it says which end it knows. */
export function isOlder(bundle: { readonly [key: string]: unknown }, end: string): boolean {
  return Date.parse(String(bundle['ended'] ?? '')) !== Date.parse(end);
}

function later(a: string | null, b: string | null): boolean {
  return Date.parse(a ?? '') > Date.parse(b ?? '');
}

/** Rows under a head in columns as wide as they need, for a text in a fixed font. */
export function textTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map(row => (row[column] ?? '').length)));
  return all
    .map(row =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd()
    )
    .join('\n');
}
