/** The files of a run: found, looked into, downloaded. */
import * as React from 'react';

import type { ArtifactRoot } from '../api/rest';
import type { Artifact } from '../api/types';
import type { RunModel } from '../model/run';
import { matching } from '../model/tree';
import { count, say, size } from '../words';
import { FileTree } from './FileTree';
import { bare } from './Fold';
import type { Frame } from './Fold';
import { useCell, usePolling } from './surroundings';

interface Props {
  model: RunModel;
  root?: ArtifactRoot;
  /** How many of each folder are listed before one asks for more. */
  first?: number;
  empty?: React.ReactNode;
  /** What stands around them where there are any. */
  frame?: Frame;
}

/** Rows up to which folders are open at first; of files that were searched for, more are. */
const ROOM = 30;
const ROOM_FOUND = 200;
/** Files from which on they can be searched, where so many are listed. */
const MANY = 15;

export function Artifacts({ model, root = 'artifacts', first = 100, empty = null, frame = bare }: Props): JSX.Element {
  const page = useCell(model.artifacts(root));
  const facts = useCell(model.facts);
  const [words, search] = React.useState('');
  const status = facts.job?.status ?? facts.run?.status;
  const read = React.useCallback(() => model.readArtifacts(root), [model, root, status]);
  const files = page?.artifacts ?? [];
  usePolling(read, model.running, Math.max(5000, 2 * files.length));
  const found = React.useMemo(() => matching(files, words), [page, words]);
  if (files.length === 0) {
    return <>{empty}</>;
  }
  return frame(
    <>
      {Math.min(files.length, first) >= MANY && <Search files={files} found={found} words={words} search={search} />}
      <div hidden={words !== ''}>
        <FileTree model={model} root={root} files={files} first={first} room={Math.min(first, ROOM)} />
      </div>
      {words !== '' && <FileTree key={words} model={model} root={root} files={found} first={first} room={ROOM_FOUND} />}
      {page?.truncated === true && (
        <p className="ts-note ts-flush">{say('More files than can be listed lie in the run folder.')}</p>
      )}
    </>
  );
}

function Search(props: {
  files: readonly Artifact[];
  found: readonly Artifact[];
  words: string;
  search: (words: string) => void;
}): JSX.Element {
  const { files, found, words, search } = props;
  const total = size(files.reduce((sum, file) => sum + file.size, 0));
  return (
    <div className="ts-file-search">
      <input
        type="search"
        className="ts-input"
        placeholder={say('Find files')}
        aria-label={say('Find files')}
        value={words}
        onChange={event => search(event.target.value)}
        data-trackside="artifacts-search"
      />
      <span className="ts-faint" role="status" data-trackside="artifacts-total">
        {words === ''
          ? `${count('%1 file', '%1 files', files.length)} · ${total}`
          : say('%1 of %2', found.length, count('%1 file', '%1 files', files.length))}
      </span>
    </div>
  );
}
