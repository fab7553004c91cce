/** Records as files of lines hold them. Pure. */
import type { Fields } from '../api/types';

/** The records in lines of JSON; a torn line costs only itself. */
export function records(text: string): Fields[] {
  const found: Fields[] = [];
  for (const line of text.split('\n')) {
    try {
      const record: unknown = line ? JSON.parse(line) : null;
      if (typeof record === 'object' && record !== null) {
        found.push(record as Fields);
      }
    } catch {
      continue;
    }
  }
  return found;
}
