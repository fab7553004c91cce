/** The rich outputs of a cell job, read into what a notebook would hold. */
import type { Fields } from '../api/types';

export type Output =
  | { readonly output_type: 'display_data' | 'execute_result'; readonly data: Fields; readonly metadata: Fields }
  | { readonly output_type: 'stream'; readonly name: string; readonly text: string }
  | { readonly output_type: 'error'; readonly ename: string; readonly evalue: string; readonly traceback: string[] };

/** Return the outputs in order; records of unknown kinds, and the plain text that the log shows already, are left out. */
export function readOutputs(records: readonly Fields[]): Output[] {
  const shown: (Output | null)[] = [];
  const places = new Map<string, number>();
  for (const record of records) {
    const output = readOutput(record);
    const id = displayId(record);
    const place = id === null ? undefined : places.get(id);
    if (output === null) {
      continue;
    }
    if (place !== undefined && record['output_type'] === 'update_display_data') {
      shown[place] = output;
      continue;
    }
    if (id !== null) {
      places.set(id, shown.length);
    }
    shown.push(output);
  }
  return shown.filter((output): output is Output => output !== null);
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

function displayId(record: Fields): string | null {
  const id = fields(record['transient'])['display_id'] ?? record['display_id'];
  return typeof id === 'string' ? id : null;
}

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
