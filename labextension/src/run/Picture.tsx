/** An image or a figure, fetched as data: the server gives files as attachments, never as pages of its own. */
import * as React from 'react';

import type { MediaRecord } from '../api/types';
import type { RunModel } from '../model/run';
import { say, size } from '../words';
import { useBytes, useUrl } from './bytes';

interface Props {
  model: RunModel;
  record: MediaRecord;
}

const MIMES: Record<string, string> = { png: 'image/png', jpg: 'image/jpeg', gif: 'image/gif' };
const FILE = { root: 'artifacts', most: 32 << 20 } as const;
/** Pixels up to which an image is small: it is shown larger, with its pixels to be told apart. */
const SMALL = 128;

/** The last picture stays until the next one is there, so that nothing flickers under the slider. */
export function Picture({ model, record }: Props): JSX.Element {
  const { bytes, problem } = useBytes(model, record.path, FILE);
  const url = useUrl(bytes, MIMES[record.format ?? ''] ?? 'image/png');
  const small = Math.max(record.width ?? SMALL + 1, record.height ?? SMALL + 1) <= SMALL;
  return (
    <div className={`ts-picture ${small ? 'ts-pixels' : ''}`} style={{ aspectRatio: ratio(record) }}>
      {problem && <p className="ts-note ts-bad">{problem}</p>}
      {url !== null && <img src={url} alt={record.caption ?? record.key} data-trackside="media-image" />}
    </div>
  );
}

/** The room for a picture before it is there: as wide as it is, but no strip and no tower. */
function ratio({ width, height }: MediaRecord): string | undefined {
  return width && height ? String(Math.min(3, Math.max(0.75, width / height))) : undefined;
}

/** A figure that is a page with scripts: run on demand, in a frame that reaches nothing of JupyterLab. */
export function Page({ model, record }: Props): JSX.Element {
  const [open, setOpen] = React.useState(false);
  return open ? (
    <Frame model={model} record={record} />
  ) : (
    <div className="ts-picture ts-closed">
      <button type="button" className="ts-button" onClick={() => setOpen(true)} data-trackside="media-open">
        {say('Show the figure')}
      </button>
      <span className="ts-faint">{say('a page with scripts, %1', size(record.size ?? 0))}</span>
    </div>
  );
}

function Frame({ model, record }: Props): JSX.Element {
  const { bytes, problem } = useBytes(model, record.path, FILE);
  if (bytes === null) {
    return <p className={`ts-note ${problem ? 'ts-bad' : ''}`}>{problem || say('Reading …')}</p>;
  }
  return (
    <iframe
      className="ts-frame"
      title={record.key}
      sandbox="allow-scripts"
      srcDoc={new TextDecoder().decode(bytes)}
      data-trackside="media-frame"
    />
  );
}
