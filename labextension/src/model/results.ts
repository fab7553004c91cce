/** What a job's code brought back, as its manifest tells it. Pure. */

export interface Result {
  readonly name: string;
  readonly type: string;
  readonly size: number;
  /** The value in short. */
  readonly shown: string;
  /** Why it did not come back; empty when it did. */
  readonly error: string;
}

/** Read `results/manifest.json`; what cannot be read is nothing. */
export function readResults(text: string): Result[] {
  let entries: unknown;
  try {
    entries = JSON.parse(text);
  } catch {
    return [];
  }
  return typeof entries === 'object' && entries !== null ? Object.entries(entries).map(result) : [];
}

function result([name, entry]: [string, unknown]): Result {
  const { type = '', size = 0, repr = '', error = '' } = (entry ?? {}) as Record<string, unknown>;
  return { name, type: String(type), size: Number(size) || 0, shown: String(repr), error: String(error) };
}
