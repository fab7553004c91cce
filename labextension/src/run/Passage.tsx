/** A text as it is: nothing in it is markup. */
import * as React from 'react';

import type { MediaRecord } from '../api/types';
import type { RunModel } from '../model/run';
import { say, size } from '../words';
import { useBytes } from './bytes';

const MOST = 256 * 1024;

export function Passage({ model, record }: { model: RunModel; record: MediaRecord }): JSX.Element {
  const [open, setOpen] = React.useState(false);
  const excerpt = record.excerpt ?? '';
  const more = (record.length ?? 0) > excerpt.length;
  if (open && more) {
    return <Whole model={model} record={record} excerpt={excerpt} />;
  }
  return (
    <div data-trackside="media-text">
      <pre className="ts-code" tabIndex={0}>
        {excerpt}
        {more && '…'}
      </pre>
      {more && (
        <p className="ts-note ts-flush">
          <button type="button" className="ts-link" onClick={() => setOpen(true)}>
            {say('Show all %1', size(record.size ?? 0))}
          </button>
        </p>
      )}
    </div>
  );
}

function Whole({ model, record, excerpt }: { model: RunModel; record: MediaRecord; excerpt: string }): JSX.Element {
  const { bytes, problem } = useBytes(model, record.path, { root: 'artifacts', most: MOST });
  return (
    <div data-trackside="media-text">
      <pre className="ts-code" tabIndex={0}>
        {bytes === null ? excerpt : new TextDecoder().decode(bytes)}
      </pre>
      {problem && <p className="ts-note ts-bad ts-flush">{problem}</p>}
      {(record.size ?? 0) > MOST && (
        <p className="ts-note ts-flush">{say('The first %1 of %2.', size(MOST), size(record.size ?? 0))}</p>
      )}
    </div>
  );
}
