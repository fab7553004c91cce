/** What becomes of a cell or a file that is submitted with a click. Pure. */
import type { Fields } from '../api/types';

/** A cell's source with `%%submit` above it, or the magic (empty: nothing at all) that stands in the way. */
export type Submitted = { readonly source: string } | { readonly magic: string };

/** Return the cell as it is to be run. One that is a `%%submit` cell already stays as it is. */
export function submitted(source: string, options: string): Submitted {
  const first = source.trimStart().split('\n', 1)[0]?.trim() ?? '';
  if (first === '') {
    return { magic: '' };
  }
  if (/^%%submit(\s|$)/.test(first)) {
    return { source };
  }
  if (first.startsWith('%%')) {
    return { magic: first.split(/\s/, 1)[0] ?? first };
  }
  return { source: `${['%%submit', options.trim()].filter(Boolean).join(' ')}\n${source}` };
}

/** The fields that submit a file of the server's root folder, which runs in the folder that it lies in; null for other files. */
export function fieldsOfFile(root: string, path: string): Fields | null {
  const kind = /\.py$/.test(path) ? 'script' : /\.ipynb$/.test(path) ? 'notebook' : null;
  if (kind === null) {
    return null;
  }
  const whole = `${root.replace(/\/+$/, '')}/${path.replace(/^\/+/, '')}`;
  const slash = whole.lastIndexOf('/');
  return { [kind]: whole, name: whole.slice(slash + 1), workdir: whole.slice(0, slash) || '/' };
}

const SHORT: Readonly<Record<string, string>> = { g: 'gpus', c: 'cpus', m: 'memory', t: 'time' };

/** `--gpus 1 -t 2h --tag night` as the fields of a submission; the server says which it does not know. */
export function fieldsOfOptions(options: string): Fields {
  const fields: Record<string, string | string[] | true> = {};
  for (const [, long, short = '', value] of options.matchAll(/(?:--([\w-]+)|-(\w))(?:[= ]\s*([^\s-]\S*))?/g)) {
    const name = long?.replace(/-/g, '_') ?? SHORT[short] ?? short;
    if (name === 'tag') {
      fields['tags'] = [...((fields['tags'] as string[] | undefined) ?? []), value ?? ''];
    } else {
      fields[name] = value ?? true;
    }
  }
  return fields;
}
