/** What one set in JupyterLab's settings editor, checked: what is missing or cannot be is as usual. Pure. */
import type { Wish } from './notices';

export interface Preferences {
  /** Which ends of jobs are told. */
  readonly notify: Wish;
  /** Options of `%%submit` for cells and files that are submitted with a click. */
  readonly submit: string;
  /** Seconds between two looks at the machine. */
  readonly refresh: number;
  /** Columns of the table of runs, unless others were chosen in the table; none: those that tell the runs apart. */
  readonly columns: readonly string[];
  /** From how many percent of the disk on the side panel says how to prune; 100: never. */
  readonly diskHint: number;
}

export const USUAL: Preferences = { notify: 'all', submit: '', refresh: 2, columns: [], diskHint: 90 };

export function preferences(read: (name: string) => unknown): Preferences {
  const [notify, submit, columns] = [read('notify'), read('submit'), read('columns')];
  return {
    notify: notify === 'failed' || notify === 'none' ? notify : 'all',
    submit: typeof submit === 'string' ? submit : USUAL.submit,
    refresh: within(read('refresh'), 1, 60) ?? USUAL.refresh,
    columns: Array.isArray(columns) ? columns.filter(each => typeof each === 'string') : USUAL.columns,
    diskHint: within(read('diskHint'), 1, 100) ?? USUAL.diskHint
  };
}

function within(value: unknown, least: number, most: number): number | null {
  return typeof value === 'number' && value >= least && value <= most ? value : null;
}
