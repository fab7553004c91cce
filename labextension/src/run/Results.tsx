/** The values that a job brought back: type and size, before anybody loads one. */
import * as React from 'react';

import type { Job } from '../api/types';
import { isFinal } from '../model/jobs';
import { readResults } from '../model/results';
import type { Result } from '../model/results';
import type { RunModel } from '../model/run';
import { say, size } from '../words';
import { Copy } from './Copy';
import type { Frame } from './Fold';

const MANIFEST = 'results/manifest.json';

export function Results({ model, job, frame }: { model: RunModel; job: Job; frame: Frame }): JSX.Element | null {
  const results = useResults(model, job);
  return results.length === 0
    ? null
    : frame(
        <table className="ts-table ts-results" data-trackside="results">
          <tbody>
            {results.map(each => (
              <Row key={each.name} job={job} result={each} />
            ))}
          </tbody>
        </table>
      );
}

function Row({ job, result }: { job: Job; result: Result }): JSX.Element {
  const { name, type, size: bytes, shown, error } = result;
  const call = `trackside.job("${job.id}").result("${name}")`;
  return (
    <tr data-name={name}>
      <td>{name}</td>
      {error ? (
        <td colSpan={4} className="ts-bad">
          {error}
        </td>
      ) : (
        <>
          <td>{type}</td>
          <td>{size(bytes)}</td>
          <td className="ts-result-shown" title={shown}>
            {shown}
          </td>
          <td>
            <Copy className="ts-link" text={call} title={say('Copy %1', call)} name="copy-call">
              {say('Copy call')}
            </Copy>
          </td>
        </>
      )}
    </tr>
  );
}

/** Read once the job has ended, anew for each attempt. */
function useResults(model: RunModel, job: Job): readonly Result[] {
  const [results, setResults] = React.useState<readonly Result[]>([]);
  const wanted = isFinal(job.status) && (job.spec.outputs?.length ?? 0) > 0;
  React.useEffect(() => {
    let gone = false;
    setResults([]);
    if (wanted) {
      model.rest.file(model.id, MANIFEST, 'run').then(
        bytes => gone || setResults(bytes === null ? [] : readResults(new TextDecoder().decode(bytes))),
        () => undefined // the run's own state tells that the server is away
      );
    }
    return () => {
      gone = true;
    };
  }, [model, wanted, job.attempt, job.finished_at]);
  return results;
}
