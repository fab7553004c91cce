/** Many charts in sections: those that one pinned, then by the first part of their metrics' names. Pure. */
import type { Group } from './groups';

export interface Section {
  /** Empty for charts of metrics whose name has one part. */
  readonly name: string;
  readonly charts: readonly Group[];
}

/** From how many charts on they stand in sections. */
export const MANY_CHARTS = 8;
const SPLIT = /^(train|training|val|valid|validation|dev|test|eval)$/i;

/** The pinned charts, in the order in which they were pinned. */
export function pinnedOf(charts: readonly Group[], pins: readonly string[]): Group[] {
  return pins.flatMap(title => charts.filter(chart => chart.title === title));
}

/** All charts; in one section where they are few or their names have but one beginning. */
export function sectionsOf(charts: readonly Group[]): Section[] {
  const found = new Map<string, Group[]>();
  for (const chart of charts) {
    const name = beginningOf(chart);
    found.set(name, [...(found.get(name) ?? []), chart]);
  }
  if (charts.length <= MANY_CHARTS || found.size < 2) {
    return [{ name: '', charts }];
  }
  const natural = (a: Group, b: Group) => a.title.localeCompare(b.title, undefined, { numeric: true });
  const sections = [...found].map(([name, members]) => ({ name, charts: name ? members.sort(natural) : members }));
  return sections.sort((a, b) => Number(a.name !== '') - Number(b.name !== ''));
}

/** `optim` of `optim/lr`; none of `val/loss`, whose first part says what it was measured on. */
function beginningOf({ keys, title }: Group): string {
  const key = keys.length > 1 ? title : (keys[0] ?? title);
  const first = key.includes('/') ? (key.split('/')[0] ?? '') : '';
  return SPLIT.test(first) ? '' : first;
}
