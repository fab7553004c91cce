/** The rich outputs of a cell job, read into what a notebook would hold. */
import type { Fields } from '../api/types';

export type Output =
  | { readonly output_type: 'display_data' | 'execute_result'; readonly data: Fields; readonly metadata: Fields }
  | { readonly output_type: 'error'; readonly ename: string; readonly evalue: string; readonly traceback: string[] };

/** Data of an output that was too large for its record and lies in a file of its own. */
export interface LargeData {
  readonly mime: string;
  readonly path: string;
  readonly size: number;
}

const LARGEST = 24 << 20;

/**
 * Return the outputs in order, as they would stand now: what was cleared is gone, what was updated is new. Records of
 * unknown kinds are left out, and so is plain text printed, which the log shows.
 */
export function readOutputs(records: readonly Fields[]): Output[] {
  const shown: Output[] = [];
  const places = new Map<string, number>();
  let clearing = false;
  for (const record of records) {
    const output = readOutput(record);
    if (clearing && output !== null) {
      clear(shown, places);
      clearing = false;
    }
    if (record['output_type'] === 'clear_output') {
      clearing = record['wait'] === true;
      if (!clearing) {
        clear(shown, places);
      }
    } else if (output !== null) {
      place(shown, places, record, output);
    }
  }
  return shown;
}

function clear(shown: Output[], places: Map<string, number>): void {
  shown.length = 0;
  places.clear();
}

function place(shown: Output[], places: Map<string, number>, record: Fields, output: Output): void {
  const id = fields(record['transient'])['display_id'];
  const known = typeof id === 'string' ? places.get(id) : undefined;
  if (known !== undefined && record['output_type'] === 'update_display_data') {
    shown[known] = output;
    return;
  }
  if (typeof id === 'string') {
    places.set(id, shown.length);
  }
  shown.push(output);
}

function readOutput(record: Fields): Output | null {
  switch (record['output_type']) {
    case 'display_data':
    case 'update_display_data':
    case 'execute_result': {
      const type = record['output_type'] === 'execute_result' ? 'execute_result' : 'display_data';
      return { output_type: type, data: fields(record['data']), metadata: fields(record['metadata']) };
    }
    case 'error':
      return {
        output_type: 'error',
        ename: text(record['ename']),
        evalue: text(record['evalue']),
        traceback: Array.isArray(record['traceback']) ? record['traceback'].map(text) : []
      };
    default:
      return null;
  }
}

/** Return which data of a record has to be fetched; what is too large for a screen stays where it is. */
export function largeData(record: Fields): LargeData[] {
  return Object.entries(fields(record['files'])).flatMap(([mime, file]) => {
    const { path, size } = fields(file);
    const fits = typeof path === 'string' && typeof size === 'number' && size <= LARGEST;
    return fits ? [{ mime, path, size }] : [];
  });
}

/** Return a record with the fetched data in its place, as text or as base64 where pictures have it so. */
export function withData(record: Fields, mime: string, bytes: Uint8Array): Fields {
  return { ...record, data: { ...fields(record['data']), [mime]: asData(mime, bytes) } };
}

function asData(mime: string, bytes: Uint8Array): unknown {
  if (/^(image|audio|video)\/|^application\/pdf$/.test(mime) && mime !== 'image/svg+xml') {
    let binary = '';
    for (let at = 0; at < bytes.length; at += 8192) {
      binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
    }
    return btoa(binary);
  }
  const decoded = new TextDecoder().decode(bytes);
  return /[/+]json$/.test(mime) ? (JSON.parse(decoded) as unknown) : decoded;
}

/** Return the value where it is an object, else an empty one. */
export function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
