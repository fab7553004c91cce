/** A look into one file: shown as data, never run as a page. */
import * as React from 'react';

import type { ArtifactRoot } from '../api/rest';
import type { Artifact } from '../api/types';
import { kindOf, textOf } from '../model/kinds';
import type { Closed, Kind } from '../model/kinds';
import type { RunModel } from '../model/run';
import { say, size } from '../words';
import { JsonTree } from './JsonTree';
import { NotebookOutputs } from './NotebookOutputs';
import { TableHead } from './TableHead';
import { useBytes, useUrl } from './bytes';

interface Props {
  model: RunModel;
  root: ArtifactRoot;
  file: Artifact;
}

/** Kinds whose bytes are read here. */
type Read = Exclude<Kind, { type: 'closed' } | { type: 'table' }>;

const MOST_TEXT = 64 * 1024;
/** Bytes of a file that is shown as a whole or as the beginning of its text. */
const MOST: Record<Read['type'], number> = {
  picture: 16 << 20,
  notebook: 24 << 20,
  json: 1 << 20,
  text: MOST_TEXT,
  unknown: MOST_TEXT
};
const CLOSED: Record<Closed, () => string> = {
  weights: () => say('Weights of a model.'),
  arrays: () => say('Arrays of NumPy: numpy.load opens them.'),
  pickle: () => say('A pickled Python value. To open it is to run it, so it stays closed here.'),
  archive: () => say('An archive.'),
  document: () => say('A document: download it to read it.'),
  sound: () => say('A sound: download it to hear it.'),
  video: () => say('A video: download it to see it.'),
  database: () => say('A database.')
};

export function FilePreview({ model, root, file }: Props): JSX.Element {
  return (
    <div className="ts-preview" data-trackside="preview">
      <Inside model={model} root={root} file={file} kind={kindOf(file.path)} />
    </div>
  );
}

function Inside({ kind, ...props }: Props & { kind: Kind }): JSX.Element {
  if (props.file.size === 0) {
    return <Sentence>{say('The file is empty.')}</Sentence>;
  }
  if (kind.type === 'closed') {
    return <Sentence>{CLOSED[kind.what]()}</Sentence>;
  }
  return kind.type === 'table' ? <TableHead {...props} /> : <Content {...props} kind={kind} />;
}

function Sentence({ children }: { children: React.ReactNode }): JSX.Element {
  return <p className="ts-note ts-flush">{children}</p>;
}

function Content(props: Props & { kind: Read }): JSX.Element {
  const { model, root, file, kind } = props;
  const most = MOST[kind.type];
  const { bytes, problem } = useBytes(model, file.path, { root, most, version: file.modified });
  if (problem) {
    return <p className="ts-note ts-flush ts-bad">{problem}</p>;
  }
  if (bytes === null) {
    return <Sentence>{say('Reading …')}</Sentence>;
  }
  const whole = bytes.length < most || file.size <= most;
  if (kind.type === 'picture' || kind.type === 'notebook') {
    const tooBig = say('%1 are too much to be shown here; what has up to %2 is.', size(file.size), size(most));
    return !whole ? (
      <Sentence>{tooBig}</Sentence>
    ) : kind.type === 'picture' ? (
      <Shown bytes={bytes} mime={kind.mime} name={file.path} />
    ) : (
      <NotebookOutputs text={new TextDecoder().decode(bytes)} />
    );
  }
  return <Text bytes={bytes} file={file} json={kind.type === 'json' && whole} />;
}

function Shown({ bytes, mime, name }: { bytes: Uint8Array; mime: string; name: string }): JSX.Element | null {
  const url = useUrl(bytes, mime);
  const [problem, tell] = React.useState(false);
  if (problem) {
    return <Sentence>{say('This picture cannot be shown.')}</Sentence>;
  }
  return url === null ? null : <img src={url} alt={name} onError={() => tell(true)} />;
}

function Text({ bytes, file, json }: { bytes: Uint8Array; file: Artifact; json: boolean }): JSX.Element {
  const text = React.useMemo(() => textOf(bytes), [bytes]);
  const value = React.useMemo(() => (json && text !== null ? parsed(text) : undefined), [text, json]);
  if (text === null) {
    return <Sentence>{say('This is no text, and its kind is not known here.')}</Sentence>;
  }
  if (value !== undefined) {
    return (
      <div className="ts-json-room" tabIndex={0} role="group" aria-label={file.path} data-trackside="json">
        <JsonTree value={value} />
      </div>
    );
  }
  return (
    <>
      <pre tabIndex={0}>{text.slice(0, MOST_TEXT)}</pre>
      {file.size > MOST_TEXT && <Sentence>{say('The first %1 of %2.', size(MOST_TEXT), size(file.size))}</Sentence>}
    </>
  );
}

/** The value of a JSON text; undefined for what JSON has no words for, as NaN. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
