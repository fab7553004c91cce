/** What the cells of a saved notebook show. Pure. */
import type { Fields } from '../api/types';
import { fields, readOutputs } from './outputs';
import type { Output } from './outputs';

/** A cell with outputs; `count` is the number in its brackets. */
export interface ShownCell {
  readonly count: number | null;
  readonly source: string;
  readonly outputs: readonly Output[];
}

/** What is shown of a display: pictures, texts and tables. Live parts and scripts are left out. */
const KEPT = /^(image\/(png|jpeg|gif|webp|svg\+xml)|text\/(plain|html|markdown|latex)|application\/json)$/;
const LONGEST = 20_000;

/** Return the cells that show something, in order; null when the text is no notebook. */
export function shownCells(text: string): ShownCell[] | null {
  const cells = fields(parsed(text))['cells'];
  if (!Array.isArray(cells)) {
    return null;
  }
  return cells.map(fields).flatMap(cell => {
    const records = Array.isArray(cell['outputs']) ? cell['outputs'].map(fields) : [];
    const outputs = readOutputs(joinedStreams(records)).filter(worth);
    const count = typeof cell['execution_count'] === 'number' ? cell['execution_count'] : null;
    return outputs.length === 0 ? [] : [{ count, source: lines(cell['source']), outputs }];
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Texts that were printed one after the other are one text; of a display only what is shown stays. */
function joinedStreams(records: readonly Fields[]): Fields[] {
  const found: Fields[] = [];
  let printed: string | null = null;
  for (const record of records) {
    if (record['output_type'] === 'stream') {
      printed = (printed ?? '') + lines(record['text']);
      continue;
    }
    if (printed !== null) {
      found.push(asDisplay(printed));
      printed = null;
    }
    const data = Object.entries(fields(record['data'])).filter(([mime]) => KEPT.test(mime));
    found.push({ ...record, data: Object.fromEntries(data) });
  }
  return printed === null ? found : [...found, asDisplay(printed)];
}

function asDisplay(text: string): Fields {
  const shown = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  return { output_type: 'display_data', data: { 'text/plain': shown }, metadata: {} };
}

function worth(output: Output): boolean {
  return output.output_type === 'error' || Object.keys(output.data).length > 0;
}

function lines(value: unknown): string {
  return Array.isArray(value) ? value.join('') : typeof value === 'string' ? value : '';
}
