/** Histograms as they are drawn: bars of one, and how the distribution moved over several. */
import type { MediaRecord } from '../api/types';

/** One bar: from `left` to `right` on the axis, its height as a share of the highest. */
export interface Bar {
  readonly left: number;
  readonly right: number;
  readonly count: number;
  readonly share: number;
}

/** The bars of a histogram; empty where nothing was counted. Heights are densities where bins differ in width. */
export function barsOf({ counts, low, high, edges }: MediaRecord): Bar[] {
  if (!counts?.length || low == null || high == null) {
    return [];
  }
  const width = (high - low) / counts.length;
  const place = (index: number) => edges?.[index] ?? low + width * index;
  const bars = counts.map((count, index) => ({ left: place(index), right: place(index + 1), count }));
  const height = (bar: { left: number; right: number; count: number }) =>
    edges == null ? bar.count : bar.count / (bar.right - bar.left);
  const highest = Math.max(...bars.map(height));
  return bars.map(bar => ({ ...bar, share: highest > 0 ? Math.max(0, height(bar) / highest) : 0 }));
}

/** The least and the greatest value over all of these, so that bars keep their places under the slider. */
export function spanOf(records: readonly MediaRecord[]): readonly [number, number] | null {
  let [least, greatest] = [Infinity, -Infinity];
  for (const { low, high } of records) {
    least = Math.min(least, low ?? least);
    greatest = Math.max(greatest, high ?? greatest);
  }
  return least < greatest ? [least, greatest] : null;
}

/**
 * At most `most` of these records, evenly chosen, the last one among them: what a picture over steps has room for.
 */
export function chosen(records: readonly MediaRecord[], most: number): MediaRecord[] {
  const every = Math.max(1, records.length / most);
  const places = Array.from({ length: Math.min(most, records.length) }, (_, place) =>
    Math.round(records.length - 1 - place * every)
  );
  return [...new Set(places)].reverse().flatMap(place => records[place] ?? []);
}
