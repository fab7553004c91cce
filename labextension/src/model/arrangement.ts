/** In which order the sections of the side panel stand. Pure. */

/** All of `known`: as they were put, new ones at the end. */
export function arranged(known: readonly string[], put: readonly string[]): string[] {
  const kept = [...new Set(put)].filter(id => known.includes(id));
  return [...kept, ...known.filter(id => !kept.includes(id))];
}

/** The order with one section moved up (-1) or down (1); the same at the ends. */
export function shifted(order: readonly string[], id: string, by: -1 | 1): string[] {
  const at = order.indexOf(id);
  const to = Math.min(order.length - 1, Math.max(0, at + by));
  const others = order.filter(each => each !== id);
  return at < 0 ? [...order] : [...others.slice(0, to), id, ...others.slice(to)];
}

/** The order with one section right before or behind another. */
export function placed(order: readonly string[], id: string, other: string, where: 'above' | 'below'): string[] {
  if (id === other || !order.includes(id)) {
    return [...order];
  }
  const others = order.filter(each => each !== id);
  const at = others.indexOf(other) + (where === 'below' ? 1 : 0);
  return [...others.slice(0, at), id, ...others.slice(at)];
}
