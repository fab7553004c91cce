/** Every attempt of a job: when, for how long, where, and how it ended. */
import * as React from 'react';

import type { Job } from '../api/types';
import { attemptOf, fieldsIn } from '../model/circumstances';
import type { Attempt } from '../model/circumstances';
import type { RunModel } from '../model/run';
import { duration, endPhrase, fullMoment, say, seconds, statusWord } from '../words';
import { Dot } from './Dot';

const MOST = 20;

/** Nothing for a job that was started but once. */
export function Attempts({ model, job }: { model: RunModel; job: Job }): JSX.Element | null {
  const attempts = useAttempts(model, job);
  return job.attempt < 2 ? null : (
    <>
      <h4>
        {say('Attempts')} {job.attempt > MOST && <span className="ts-faint">{say('the last %1', MOST)}</span>}
      </h4>
      <div className="ts-table-room">
        <table className="ts-table ts-attempts" data-trackside="attempts">
          <thead>
            <tr>
              <th scope="col">{say('attempt')}</th>
              <th scope="col">{say('began')}</th>
              <th scope="col">{say('took')}</th>
              <th scope="col">{say('on')}</th>
              <th scope="col">{say('GPUs')}</th>
            </tr>
          </thead>
          <tbody>
            {attempts.map(each => (
              <Row key={each.number} attempt={each} />
            ))}
          </tbody>
        </table>
      </div>
      <p className="ts-note ts-flush">{say('The log has the output of all of them, one after the other.')}</p>
    </>
  );
}

function Row({ attempt }: { attempt: Attempt }): JSX.Element {
  const { number, startedAt, finishedAt, status, reason, exitCode, host, gpus } = attempt;
  const took = finishedAt === null ? null : seconds(startedAt, finishedAt, 0);
  return (
    <tr data-attempt={number} data-status={status ?? 'running'}>
      <td title={reason?.message}>
        <Dot status={status ?? 'running'} /> {number} ·{' '}
        {status === null ? statusWord('running') : endPhrase(status, reason, exitCode)}
      </td>
      <td>{startedAt === null ? '–' : fullMoment(startedAt)}</td>
      <td>{took === null ? '–' : duration(took)}</td>
      <td>{host}</td>
      <td title={gpus.join(', ')}>{gpus.length === 0 ? '–' : gpus.length}</td>
    </tr>
  );
}

/** Read from the run folder, the last ones, the newest first; again when the job changes. */
function useAttempts(model: RunModel, job: Job): readonly Attempt[] {
  const [attempts, setAttempts] = React.useState<readonly Attempt[]>([]);
  React.useEffect(() => {
    let over = false;
    const numbers = Array.from({ length: Math.min(job.attempt, MOST) }, (_, index) => job.attempt - index);
    const read = async (number: number) =>
      attemptOf(number, fieldsIn(await model.rest.file(model.id, `attempts/${number}.json`, 'run')));
    if (job.attempt > 1) {
      Promise.all(numbers.map(read)).then(
        found => over || setAttempts(found),
        () => undefined // the run's own state tells what is wrong
      );
    }
    return () => {
      over = true;
    };
  }, [model, job.attempt, job.status]);
  return attempts;
}
