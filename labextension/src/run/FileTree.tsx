/** Files in their folders: rows that unfold, one stop for the keyboard and arrows between them. */
import * as React from 'react';

import type { ArtifactRoot } from '../api/rest';
import type { Artifact } from '../api/types';
import { toggled } from '../model/chosen';
import type { RunModel } from '../model/run';
import { openAtFirst, placeAfter, rowsOf, treeOf } from '../model/tree';
import type { Row } from '../model/tree';
import { count, fullMoment, moment, say, size } from '../words';
import { viewedAs } from '../model/opening';
import { Copy } from './Copy';
import { FilePreview } from './FilePreview';
import { useCell, useHere } from './surroundings';

interface Props {
  model: RunModel;
  root: ArtifactRoot;
  files: readonly Artifact[];
  /** Entries of each folder that are shown before one asks for more. */
  first: number;
  /** Rows up to which folders are open at first. */
  room: number;
}

const MORE = 500;

export function FileTree(props: Props): JSX.Element {
  const { model, root } = props;
  const { rows, opened, act } = useRows(props);
  const [current, setCurrent] = React.useState('');
  const host = React.useRef<HTMLDivElement>(null);
  const stop = Math.max(
    0,
    rows.findIndex(row => keyOf(row) === current)
  );
  const press = (event: React.KeyboardEvent) => {
    const at = event.target instanceof HTMLElement && 'row' in event.target.dataset ? stop : -1;
    const row = rows[at];
    const next = row === undefined ? null : placeAfter(rows, at, event.key, isOpen(row, opened));
    if (row === undefined || next === null) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    if (next === at) {
      act(row);
    } else {
      host.current?.querySelectorAll<HTMLElement>('[data-row]')[next]?.focus();
    }
  };
  return (
    <div
      className="ts-files"
      role="treegrid"
      aria-label={say('Files')}
      data-trackside="artifacts"
      data-lm-suppress-shortcuts="true"
      ref={host}
      onKeyDown={press}
    >
      {rows.map((row, place) => (
        <Line
          key={keyOf(row)}
          {...{ model, root, row }}
          open={isOpen(row, opened)}
          here={place === stop}
          act={() => act(row)}
          enter={() => setCurrent(keyOf(row))}
        />
      ))}
    </div>
  );
}

/** What is shown of the files, and what a click on a row does to that. */
function useRows({ files, first, room }: Props) {
  const tree = React.useMemo(() => treeOf(files), [files]);
  const [chosen, choose] = React.useState<ReadonlySet<string> | null>(null);
  const [shown, show] = React.useState<ReadonlyMap<string, number>>(new Map());
  const [opened, look] = React.useState<ReadonlySet<string>>(new Set());
  const folders = React.useMemo(() => chosen ?? openAtFirst(tree, room), [tree, chosen, room]);
  const rows = React.useMemo(() => rowsOf(tree, { open: folders, shown, first }), [tree, folders, shown, first]);
  const act = (row: Row) => {
    if (row.kind === 'folder') {
      choose(toggled(folders, row.path));
    } else if (row.kind === 'file') {
      look(toggled(opened, row.path));
    } else {
      show(new Map(shown).set(row.path, row.shown + MORE));
    }
  };
  return { rows, opened, act };
}

function keyOf(row: Row): string {
  return `${row.kind}:${row.path}`;
}

function isOpen(row: Row, opened: ReadonlySet<string>): boolean {
  return row.kind === 'folder' ? row.open : row.kind === 'file' && opened.has(row.path);
}

interface LineProps {
  model: RunModel;
  root: ArtifactRoot;
  row: Row;
  open: boolean;
  here: boolean;
  act: () => void;
  enter: () => void;
}

function Line(props: LineProps): JSX.Element {
  const { model, root, row, open } = props;
  const depth = { '--ts-depth': row.depth } as React.CSSProperties;
  return (
    <>
      <div
        className={`ts-file-row ts-file-${row.kind}`}
        role="row"
        style={depth}
        aria-level={row.depth + 1}
        aria-expanded={row.kind === 'more' ? undefined : open}
        data-trackside={row.kind === 'file' ? 'artifact' : `artifacts-${row.kind}`}
        data-path={row.path}
      >
        {row.kind === 'more' ? <More {...props} row={row} /> : <Entry {...props} row={row} />}
      </div>
      {row.kind === 'file' && open && (
        <div role="row" className="ts-file-inside" style={depth} aria-level={row.depth + 2}>
          <div role="gridcell">
            <FilePreview model={model} root={root} file={row.file} />
          </div>
        </div>
      )}
    </>
  );
}

function More({ row, here, act, enter }: LineProps & { row: Extract<Row, { kind: 'more' }> }): JSX.Element {
  return (
    <span role="gridcell" className="ts-file-name">
      <button type="button" className="ts-link" data-row="" tabIndex={here ? 0 : -1} onClick={act} onFocus={enter}>
        {count('Show %1 more', 'Show %1 more', Math.min(row.hidden, MORE))}
      </button>
      {row.hidden > MORE && <span className="ts-faint">{say('of %1', row.hidden)}</span>}
    </span>
  );
}

function Entry(props: LineProps & { row: Exclude<Row, { kind: 'more' }> }): JSX.Element {
  const { trackside } = useHere();
  const { row, open, here, act, enter } = props;
  const { name, size: bytes, modified } = row.kind === 'folder' ? row.folder : row.file;
  return (
    <>
      <span role="gridcell" className="ts-file-name">
        <button
          type="button"
          className="ts-fold"
          data-row=""
          aria-expanded={open}
          tabIndex={here ? 0 : -1}
          onClick={act}
          onFocus={enter}
        >
          {name}
        </button>
        {row.kind === 'folder' && <span className="ts-faint">{count('%1 file', '%1 files', row.folder.count)}</span>}
      </span>
      <span role="gridcell" className="ts-file-size" data-size={bytes}>
        {size(bytes)}
      </span>
      <span role="gridcell" className="ts-file-when" title={fullMoment(modified)}>
        {moment(modified, trackside.now())}
      </span>
      <span role="gridcell" className="ts-file-verbs">
        {row.kind === 'file' && <Verbs {...props} file={row.file} />}
      </span>
    </>
  );
}

function Verbs({ model, root, here, file }: LineProps & { file: Artifact }): JSX.Element {
  const { trackside, actions } = useHere();
  const folder = useCell(model.facts).run?.run_dir;
  const place = root === 'artifacts' ? `${folder}/artifacts` : folder;
  const tabIndex = here ? 0 : -1;
  const viewed = viewedAs(model.id, root, file.path);
  return (
    <>
      {viewed !== null && actions.openDocument !== null && (
        <button
          type="button"
          className="ts-link"
          tabIndex={tabIndex}
          title={say('Open it in a tab of its own')}
          aria-label={say('Open %1', file.path)}
          data-trackside="open-artifact"
          onClick={() => actions.openDocument?.(viewed)}
        >
          {say('Open')}
        </button>
      )}
      {folder !== undefined && <CopyPath path={`${place}/${file.path}`} tabIndex={tabIndex} />}
      <a
        className="ts-link"
        href={trackside.rest.fileUrl(model.id, file.path, root)}
        download={file.name}
        tabIndex={tabIndex}
        data-trackside="download"
        aria-label={say('Download %1', file.path)}
      >
        {say('Download')}
      </a>
    </>
  );
}

function CopyPath({ path, tabIndex }: { path: string; tabIndex: number }): JSX.Element {
  return (
    <Copy className="ts-link" text={path} title={path} name="copy-path" tabIndex={tabIndex}>
      {say('Copy path')}
    </Copy>
  );
}
