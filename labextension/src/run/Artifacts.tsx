/** The files of a run: size, a look at pictures and texts, download. */
import * as React from 'react';

import type { ArtifactRoot } from '../api/rest';
import type { Artifact } from '../api/types';
import type { RunModel } from '../model/run';
import { count, moment, say, size } from '../words';
import { useCell, useHere, usePolling } from './surroundings';

interface Props {
  model: RunModel;
  root?: ArtifactRoot;
  /** How many are listed before one asks for more. */
  most?: number;
  empty?: React.ReactNode;
}

export function Artifacts({ model, root = 'artifacts', most = 200, empty = null }: Props): JSX.Element {
  const page = useCell(model.artifacts(root));
  const facts = useCell(model.facts);
  const [all, setAll] = React.useState(false);
  const status = facts.job?.status ?? facts.run?.status;
  const read = React.useCallback(() => model.readArtifacts(root), [model, root, status]);
  usePolling(read, model.running, 5000);
  const files = page?.artifacts ?? [];
  if (files.length === 0) {
    return <>{empty}</>;
  }
  const shown = all ? files : files.slice(0, most);
  return (
    <div className="ts-files" data-trackside="artifacts" role="list">
      {shown.map(file => (
        <File key={file.path} model={model} root={root} file={file} />
      ))}
      {(files.length > shown.length || page?.truncated === true) && (
        <div className="ts-note">
          {files.length > shown.length && (
            <button type="button" className="ts-link" onClick={() => setAll(true)}>
              {count('Show %1 more', 'Show %1 more', files.length - shown.length)}
            </button>
          )}
          {page?.truncated === true && say(' More files than can be listed lie in the run folder.')}
        </div>
      )}
    </div>
  );
}

function File({ model, root, file }: { model: RunModel; root: ArtifactRoot; file: Artifact }): JSX.Element {
  const { trackside } = useHere();
  const [open, setOpen] = React.useState(false);
  const kind = kindOf(file.path);
  return (
    <div className="ts-file" role="listitem" data-trackside="artifact" data-path={file.path} data-size={file.size}>
      <div className="ts-file-row">
        {kind === null ? (
          <span className="ts-file-name">{file.path}</span>
        ) : (
          <button type="button" className="ts-file-name ts-fold" aria-expanded={open} onClick={() => setOpen(!open)}>
            {file.path}
          </button>
        )}
        <span className="ts-file-size">{size(file.size)}</span>
        <span className="ts-file-when">{moment(file.modified, trackside.now())}</span>
        <a
          className="ts-link"
          href={trackside.rest.fileUrl(model.id, file.path, root)}
          download={file.name}
          data-trackside="download"
          aria-label={say('Download %1', file.path)}
        >
          {say('Download')}
        </a>
      </div>
      {open && kind !== null && <Preview model={model} root={root} file={file} kind={kind} />}
    </div>
  );
}

type Kind = { readonly type: 'picture'; readonly mime: string } | { readonly type: 'text' };

const PICTURES: Record<string, string> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  svg: 'image/svg+xml'
};
const TEXTS =
  /\.(txt|log|md|rst|json|jsonl|yaml|yml|toml|ini|cfg|csv|tsv|py|r|jl|sh|diff|patch|xml|html|css|js|ts|tex)$/i;
const MOST_TEXT = 64 * 1024;
const MOST_PICTURE = 16 << 20;

function kindOf(path: string): Kind | null {
  const ending = path.slice(path.lastIndexOf('.') + 1).toLowerCase();
  const mime = PICTURES[ending];
  if (mime !== undefined) {
    return { type: 'picture', mime };
  }
  return TEXTS.test(path) ? { type: 'text' } : null;
}

/** The first part of a text, or a whole picture; shown as data, never run as a page. */
function Preview(props: { model: RunModel; root: ArtifactRoot; file: Artifact; kind: Kind }): JSX.Element {
  const { model, root, file, kind } = props;
  const [shown, setShown] = React.useState<{ text?: string; url?: string; problem?: string }>({});
  React.useEffect(() => {
    let url: string | undefined;
    let gone = false;
    const limit = kind.type === 'text' ? MOST_TEXT : MOST_PICTURE;
    model.rest.file(model.id, file.path, root, { limit }).then(
      bytes => {
        if (gone || bytes === null) {
          return;
        }
        if (kind.type === 'text') {
          setShown({ text: new TextDecoder().decode(bytes) });
        } else {
          url = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>], { type: kind.mime }));
          setShown({ url });
        }
      },
      (error: unknown) => setShown({ problem: error instanceof Error ? error.message : String(error) })
    );
    return () => {
      gone = true;
      if (url !== undefined) {
        URL.revokeObjectURL(url);
      }
    };
  }, [model, root, file.path, file.modified, kind.type]);
  if (shown.problem !== undefined) {
    return <p className="ts-note ts-bad">{shown.problem}</p>;
  }
  return (
    <div className="ts-preview" data-trackside="preview">
      {shown.url !== undefined && <img src={shown.url} alt={file.path} />}
      {shown.text !== undefined && <pre tabIndex={0}>{shown.text}</pre>}
      {shown.text !== undefined && file.size > MOST_TEXT && (
        <p className="ts-note">{say('The first %1 of %2.', size(MOST_TEXT), size(file.size))}</p>
      )}
    </div>
  );
}
