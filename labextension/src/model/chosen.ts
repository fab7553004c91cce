/** Which rows of a list are chosen: one by one, or a stretch of them. Pure. */

export type Chosen = ReadonlySet<string>;

export const NONE: Chosen = new Set();

/** Return the choice with one more or one fewer. */
export function toggled(chosen: Chosen, id: string): Chosen {
  const others = new Set(chosen);
  return others.delete(id) ? others : others.add(id);
}

/** Return the choice with all from `anchor` to `id` as they stand in the list; without an anchor there, `id` alone. */
export function stretched(chosen: Chosen, listed: readonly string[], anchor: string | null, id: string): Chosen {
  const [from, to] = [anchor === null ? -1 : listed.indexOf(anchor), listed.indexOf(id)];
  const stretch = from < 0 ? [id] : listed.slice(Math.min(from, to), Math.max(from, to) + 1);
  return new Set([...chosen, ...stretch]);
}

/** Before which of the waiting jobs one comes that goes up or down by one place: null for the end, undefined: it stays. */
export function neighbour(waiting: readonly string[], id: string, by: -1 | 1): string | null | undefined {
  const at = waiting.indexOf(id);
  const to = at + by;
  if (at < 0 || to < 0 || to >= waiting.length) {
    return undefined;
  }
  return by < 0 ? waiting[to] : (waiting[to + 1] ?? null);
}
