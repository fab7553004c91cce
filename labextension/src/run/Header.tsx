/** The head of a run's panels: what it is, how it stands, what can be done. */
import * as React from 'react';

import type { Job, RunInfo } from '../api/types';
import { isFinal } from '../model/jobs';
import type { Facts } from '../model/run';
import { clock, duration, endPhrase, say, seconds, sentenceOf, shortId, size, statusWord } from '../words';
import { Copy } from './Copy';
import { Dot } from './Dot';
import { useCell, useHere, useNow } from './surroundings';

/** One line: dot, name, id, status and time, then the verbs. */
export function Header({ facts, opens }: { facts: Facts; opens: boolean }): JSX.Element | null {
  const { run, job } = facts;
  const shown = job ?? run;
  if (shown === null) {
    return null;
  }
  return (
    <div className="ts-head">
      <Dot status={shown.status} />
      <span className="ts-name" title={shown.name}>
        {shown.name}
      </span>
      <Copy className="ts-chip ts-copy" text={shown.id} title={say('Copy %1', shown.id)} name="id">
        {shortId(shown.id)}
      </Copy>
      <StatusWords run={run} job={job} />
      <Lost />
      <span className="ts-space" />
      <Verbs job={job} runId={shown.id} name={shown.name} opens={opens} />
    </div>
  );
}

/** A word while nothing new can come. */
function Lost(): JSX.Element | null {
  const { trackside } = useHere();
  return useCell(trackside.lost) ? (
    <span className="ts-warn" role="status" data-trackside="lost">
      {say('connection lost, trying again')}
    </span>
  ) : null;
}

/** `running · 07:12`, or `failed · out of memory` with what happened. */
function StatusWords({ run, job }: { run: RunInfo | null; job: Job | null }): JSX.Element {
  const status = job?.status ?? run?.status ?? 'pending';
  const now = useNow(status === 'running');
  const took = seconds(job?.started_at ?? run?.started_at ?? null, job?.finished_at ?? run?.finished_at ?? null, now);
  const attempt = job !== null && job.attempt > 1 ? say('attempt %1', job.attempt) : '';
  if (!isFinal(status)) {
    const word = job?.cancelling ? say('cancelling') : statusWord(status);
    const time = status === 'running' && took !== null ? clock(took) : '';
    const why = status === 'running' ? '' : (job?.message ?? '');
    return (
      <span className="ts-status" data-trackside="status" data-status={status} role="status">
        {[word, time, attempt, why].filter(Boolean).join(' · ')}
      </span>
    );
  }
  const reason = job?.reason ?? run?.reason ?? null;
  const after =
    took === null ? '' : status === 'completed' ? say('in %1', duration(took)) : say('after %1', duration(took));
  const rest = [after, sentenceOf(reason), attempt].filter(Boolean).join(' · ');
  return (
    <span className="ts-status" data-trackside="status" data-status={status} role="status">
      <span className={status === 'failed' ? 'ts-bad' : undefined}>
        {endPhrase(status, reason, job?.exit_code ?? null)}
      </span>
      <span className="ts-why" data-trackside="reason">
        {rest && (after ? ' ' : ' · ')}
        {rest}
      </span>
    </span>
  );
}

function Verbs(props: { job: Job | null; runId: string; name: string; opens: boolean }): JSX.Element {
  const { job, runId, name, opens } = props;
  const { actions } = useHere();
  const more = job === null ? null : moreMemory(job);
  return (
    <span className="ts-verbs">
      {opens && (
        <Verb name="open" title={say('Show the whole run in the main area')} act={() => actions.open(runId, name)}>
          {say('Open')}
        </Verb>
      )}
      {job !== null && isFinal(job.status) && (
        <Verb name="retry" title={say('Run it again as a new attempt of the same job')} act={() => actions.retry(job)}>
          {say('Retry')}
        </Verb>
      )}
      {job !== null && more !== null && (
        <Verb
          name="retry-more"
          title={say('Run it again with twice the memory')}
          act={() => actions.retry(job, { memory: more })}
        >
          {say('Retry with %1', size(more))}
        </Verb>
      )}
      {job !== null && !isFinal(job.status) && (
        <Verb name="cancel" title={say('Stop the job')} busy={job.cancelling} act={() => actions.cancel(job)}>
          {say('Cancel')}
        </Verb>
      )}
    </span>
  );
}

/** Twice the memory, in bytes, for a job that had too little of it. */
function moreMemory(job: Job): number | null {
  const { memory } = job.spec;
  return job.reason?.code === 'out_of_memory' && memory ? 2 * memory : null;
}

interface VerbProps {
  name: string;
  title: string;
  busy?: boolean;
  act: () => Promise<void> | void;
  children: React.ReactNode;
}

/** A button that cannot be pressed twice while it works. */
export function Verb({ name, title, busy = false, act, children }: VerbProps): JSX.Element {
  const [working, setWorking] = React.useState(false);
  const press = async () => {
    setWorking(true);
    try {
      await act();
    } finally {
      setWorking(false);
    }
  };
  return (
    <button
      type="button"
      className="ts-button"
      data-trackside={name}
      title={title}
      disabled={busy || working}
      onClick={() => void press()}
    >
      {children}
    </button>
  );
}
