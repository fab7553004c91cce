/** What can be done with the chosen jobs together: cancel, retry, delete, as far as each allows it. */
import * as React from 'react';

import type { Job } from '../api/types';
import { isFinal } from '../model/jobs';
import { count, say } from '../words';
import { useHere } from '../run/surroundings';

export function ChosenJobs({ jobs, clear }: { jobs: readonly Job[]; clear: () => void }): JSX.Element | null {
  const { actions } = useHere();
  if (jobs.length === 0) {
    return null;
  }
  const unfinished = jobs.filter(job => !isFinal(job.status) && !job.cancelling);
  const ended = jobs.filter(job => isFinal(job.status));
  const each = (some: readonly Job[], act: (job: Job) => Promise<void>) => async () => {
    await Promise.all(some.map(act));
    clear();
  };
  return (
    <div className="ts-note ts-rest" role="toolbar" aria-label={say('Chosen jobs')} data-trackside="chosen-jobs">
      <span>{count('%1 chosen', '%1 chosen', jobs.length)}</span>
      <Verb
        name="cancel"
        title={say('Cancel %1', unfinished.length)}
        of={unfinished}
        act={each(unfinished, actions.cancel)}
      />
      <Verb
        name="retry"
        title={say('Retry %1', ended.length)}
        of={ended}
        act={each(ended, job => actions.retry(job))}
      />
      <Verb
        name="delete"
        title={say('Delete %1…', ended.length)}
        of={ended}
        act={async () => {
          await actions.deleteJobs(ended);
          clear();
        }}
      />
      <button type="button" className="ts-link" onClick={clear}>
        {say('Clear')}
      </button>
    </div>
  );
}

interface VerbProps {
  name: string;
  title: string;
  of: readonly Job[];
  act: () => Promise<void>;
}

function Verb({ name, title, of, act }: VerbProps): JSX.Element | null {
  return of.length === 0 ? null : (
    <button type="button" className="ts-link" data-trackside={`${name}-chosen`} onClick={() => void act()}>
      {title}
    </button>
  );
}
