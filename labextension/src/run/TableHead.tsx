/** The first rows of a CSV, TSV or Parquet file, as the server reads them. */
import * as React from 'react';

import type { ArtifactRoot } from '../api/rest';
import type { Artifact, TablePreview } from '../api/types';
import type { RunModel } from '../model/run';
import { count, say } from '../words';
import { DataRows } from './DataRows';
import { messageOf } from './bytes';

interface Props {
  model: RunModel;
  root: ArtifactRoot;
  file: Artifact;
}

const FIRST = 50;
const MOST = 500;
const NUMBERS = /^(u?int|float|decimal)/;

export function TableHead({ model, root, file }: Props): JSX.Element {
  const [rows, setRows] = React.useState(FIRST);
  const [found, setFound] = React.useState<{ head?: TablePreview; problem?: string }>({});
  React.useEffect(() => {
    let over = false;
    model.rest.preview(model.id, { path: file.path, root, rows }).then(
      head => !over && setFound({ head }),
      (error: unknown) => !over && setFound({ problem: messageOf(error) })
    );
    return () => {
      over = true;
    };
  }, [model, root, file.path, file.modified, rows]);
  const { head, problem } = found;
  if (head === undefined) {
    return <p className={`ts-note ts-flush ${problem ? 'ts-bad' : ''}`}>{problem ?? say('Reading …')}</p>;
  }
  const columns = head.columns.map(({ name, type }) => ({ name, type, textual: !NUMBERS.test(type) }));
  const more = head.rows.length === rows && rows < MOST && head.total !== rows;
  return (
    <>
      <DataRows columns={columns} rows={head.rows} />
      <p className="ts-note ts-flush">
        {sentence(head)}
        {more && ' · '}
        {more && (
          <button type="button" className="ts-link" onClick={() => setRows(MOST)}>
            {say('Show up to %1', MOST)}
          </button>
        )}
      </p>
    </>
  );
}

/** How much of the table is shown. */
function sentence({ columns, rows, width, total }: TablePreview): string {
  const there = rows.length;
  const all = total === there ? count('%1 row', '%1 rows', there) : say('The first %1 rows', there);
  const tall = total === null || total === there ? all : say('The first %1 of %2 rows', there, total ?? there);
  const wide =
    width === columns.length
      ? count('%1 column', '%1 columns', width)
      : say('the first %1 of %2 columns', columns.length, width);
  return `${tall} · ${wide}`;
}
