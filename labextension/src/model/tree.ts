/** Files as a tree of folders: what lies where, and which rows of it are shown. Pure. */
import type { Artifact } from '../api/types';

/** A folder with what lies in it; `count`, `size` and `modified` (the newest) are those of all files below. */
export interface Folder {
  /** From the root on, without a slash at the end; empty for the root. */
  readonly path: string;
  readonly name: string;
  readonly folders: readonly Folder[];
  readonly files: readonly Artifact[];
  readonly count: number;
  readonly size: number;
  readonly modified: string;
}

/** One row, `depth` folders below the root; `hidden` entries of `folder` are behind a row that asks for more. */
export type Row =
  | {
      readonly kind: 'folder';
      readonly path: string;
      readonly depth: number;
      readonly folder: Folder;
      readonly open: boolean;
    }
  | { readonly kind: 'file'; readonly path: string; readonly depth: number; readonly file: Artifact }
  | {
      readonly kind: 'more';
      readonly path: string;
      readonly depth: number;
      readonly hidden: number;
      readonly shown: number;
    };

/** Which folders are open, and how many entries of each are shown: `first`, unless somebody asked for more. */
export interface Look {
  readonly open: ReadonlySet<string>;
  readonly shown: ReadonlyMap<string, number>;
  readonly first: number;
}

interface Draft {
  readonly folders: Map<string, Draft>;
  readonly files: Artifact[];
}

const order = new Intl.Collator(undefined, { numeric: true });

/** Return the root folder of these files; entries stand as people count: `step-2` before `step-10`. */
export function treeOf(files: readonly Artifact[]): Folder {
  const root: Draft = { folders: new Map(), files: [] };
  for (const file of files) {
    let place = root;
    for (const name of file.path.split('/').slice(0, -1)) {
      let next = place.folders.get(name);
      if (next === undefined) {
        next = { folders: new Map(), files: [] };
        place.folders.set(name, next);
      }
      place = next;
    }
    place.files.push(file);
  }
  return made(root, '', '');
}

/** A folder that holds one folder and nothing else is one row with it: `media/val`. */
function made(draft: Draft, path: string, name: string): Folder {
  const [only] = draft.folders;
  if (path !== '' && only !== undefined && draft.folders.size === 1 && draft.files.length === 0) {
    return made(only[1], `${path}/${only[0]}`, `${name}/${only[0]}`);
  }
  const folders = [...draft.folders]
    .sort(([a], [b]) => order.compare(a, b))
    .map(([each, below]) => made(below, path === '' ? each : `${path}/${each}`, each));
  const files = draft.files.sort((a, b) => order.compare(a.name, b.name));
  const all = [...folders, ...files];
  return {
    path,
    name,
    folders,
    files,
    count: folders.reduce((sum, folder) => sum + folder.count, files.length),
    size: all.reduce((sum, { size }) => sum + size, 0),
    modified: all.reduce((newest, { modified }) => (modified > newest ? modified : newest), '')
  };
}

/** Return the folders to open at first: those nearest to the root whose entries fit into so many rows. */
export function openAtFirst(root: Folder, room: number): Set<string> {
  const open = new Set<string>();
  let left = room - entries(root);
  const queue = [...root.folders];
  for (const folder of queue) {
    if (entries(folder) <= left) {
      left -= entries(folder);
      open.add(folder.path);
      queue.push(...folder.folders);
    }
  }
  return open;
}

function entries({ folders, files }: Folder): number {
  return folders.length + files.length;
}

/** Return the rows that are shown, from the root's entries on. */
export function rowsOf(root: Folder, look: Look): Row[] {
  const rows: Row[] = [];
  put(rows, root, 0, look);
  return rows;
}

function put(rows: Row[], { path, folders, files }: Folder, depth: number, look: Look): void {
  const shown = look.shown.get(path) ?? look.first;
  for (const folder of folders.slice(0, shown)) {
    const open = look.open.has(folder.path);
    rows.push({ kind: 'folder', path: folder.path, depth, folder, open });
    if (open) {
      put(rows, folder, depth + 1, look);
    }
  }
  for (const file of files.slice(0, Math.max(0, shown - folders.length))) {
    rows.push({ kind: 'file', path: file.path, depth, file });
  }
  const hidden = folders.length + files.length - shown;
  if (hidden > 0) {
    rows.push({ kind: 'more', path, depth, hidden, shown });
  }
}

/**
 * Return the place of the row to which a key leads from another one: the same one where the key folds or unfolds it, null
 * for a key that means nothing here.
 */
export function placeAfter(rows: readonly Row[], at: number, key: string, open: boolean): number | null {
  const last = rows.length - 1;
  switch (key) {
    case 'ArrowDown':
      return Math.min(last, at + 1);
    case 'ArrowUp':
      return Math.max(0, at - 1);
    case 'Home':
      return 0;
    case 'End':
      return last;
    case 'ArrowRight':
      return open ? Math.min(last, at + 1) : rows[at]?.kind === 'more' ? null : at;
    case 'ArrowLeft':
      return open ? at : parentOf(rows, at);
    default:
      return null;
  }
}

/** The place of the folder in which a row lies; null at the root. */
function parentOf(rows: readonly Row[], at: number): number | null {
  const depth = rows[at]?.depth ?? 0;
  for (let place = at - 1; place >= 0; place -= 1) {
    if ((rows[place]?.depth ?? 0) < depth) {
      return place;
    }
  }
  return null;
}

/** Return the files whose path has all of these words in it, whatever their capitals. */
export function matching(files: readonly Artifact[], words: string): readonly Artifact[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return wanted.length === 0
    ? files
    : files.filter(({ path }) => {
        const low = path.toLowerCase();
        return wanted.every(word => low.includes(word));
      });
}
