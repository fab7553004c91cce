/** One job in the list: two lines, a bar while it runs, its verbs when one points at it. */
import * as React from 'react';
import { closeIcon, deleteIcon, refreshIcon } from '@jupyterlab/ui-components';
import type { LabIcon } from '@jupyterlab/ui-components';

import type { Job } from '../api/types';
import { currentProgress } from '../model/feed';
import { isFinal } from '../model/jobs';
import type { Beat } from '../model/pulse';
import {
  clock,
  jobSentence,
  number,
  progressWords,
  reasonPhrase,
  say,
  seconds,
  shortId,
  statusWord,
  timeLeft
} from '../words';
import { Dot } from '../run/Dot';
import { ProgressBar } from '../run/Resources';
import { useHere } from '../run/surroundings';
import type { Draggable } from './order';

interface Props {
  job: Job;
  beat: Beat | undefined;
  now: number;
  selected: boolean;
  chosen: boolean;
  /** `many`: all from the one before to this one. */
  choose: (many: boolean) => void;
  order: Draggable;
}

export function JobRow({ job, beat, now, selected, chosen, choose, order }: Props): JSX.Element {
  const { actions } = useHere();
  const { drop, ...draggable } = order;
  const progress = job.status === 'running' ? currentProgress(beat?.progress ?? null, job) : null;
  return (
    <div
      className={`ts-row ${selected ? 'ts-selected' : ''} ${chosen ? 'ts-chosen' : ''}`}
      role="listitem"
      data-trackside="job-row"
      data-job-id={job.id}
      data-run-id={job.run_id}
      data-status={job.status}
      data-drop={drop}
      {...draggable}
    >
      <input
        type="checkbox"
        className="ts-choose"
        checked={chosen}
        aria-label={say('Choose %1', job.name)}
        onChange={event => choose((event.nativeEvent as MouseEvent).shiftKey)}
      />
      <button
        type="button"
        data-row="true"
        className="ts-row-main"
        aria-current={selected}
        onClick={() => actions.open(job.run_id, job.name)}
      >
        <Dot status={job.status} />
        <span className="ts-row-name">{job.name}</span>
        <span className="ts-row-id">{shortId(job.id)}</span>
        <span className="ts-row-words" data-trackside="job-words" title={job.message}>
          <Words job={job} beat={beat} now={now} />
        </span>
        {progress !== null && <ProgressBar progress={progress} slim={true} />}
      </button>
      <span className="ts-row-verbs">
        <RowVerbs job={job} />
      </span>
    </div>
  );
}

function Words({ job, beat, now }: { job: Job; beat: Beat | undefined; now: number }): JSX.Element {
  if (job.status === 'running' && !job.cancelling) {
    return <>{runningWords(job, beat, now)}</>;
  }
  if (job.status === 'failed' || job.status === 'cancelled') {
    const why = job.reason === null ? '' : reasonPhrase(job.reason, job.exit_code);
    const rest = jobSentence(job, now);
    return (
      <>
        <span className={job.status === 'failed' ? 'ts-bad' : undefined} title={job.reason?.message}>
          {why || statusWord(job.status)}
        </span>
        {rest && ` · ${rest}`}
      </>
    );
  }
  return <>{jobSentence(job, now)}</>;
}

/** `37 of 100 · loss 0.2134 · 12 min left`, as far as it is known; else for how long it runs. */
function runningWords(job: Job, beat: Beat | undefined, now: number): string {
  const { metric = null } = beat ?? {};
  const progress = currentProgress(beat?.progress ?? null, job);
  const left = progress === null ? '' : timeLeft(progress, now);
  const elapsed = clock(seconds(job.started_at, null, now) ?? 0);
  const parts = [
    progress === null ? '' : progressWords(progress),
    metric === null ? '' : `${metric.key} ${number(metric.value)}`,
    left || elapsed
  ];
  return parts.filter(Boolean).join(' · ');
}

function RowVerbs({ job }: { job: Job }): JSX.Element {
  const { actions } = useHere();
  if (!isFinal(job.status)) {
    return (
      <IconVerb
        name="cancel"
        icon={closeIcon}
        label={say('Cancel %1', job.name)}
        act={() => actions.cancel(job)}
        off={job.cancelling}
      />
    );
  }
  return (
    <>
      <IconVerb name="retry" icon={refreshIcon} label={say('Retry %1', job.name)} act={() => actions.retry(job)} />
      <IconVerb name="delete" icon={deleteIcon} label={say('Delete %1', job.name)} act={() => actions.deleteJob(job)} />
    </>
  );
}

interface IconVerbProps {
  name: string;
  icon: LabIcon;
  label: string;
  act: () => Promise<void>;
  off?: boolean;
}

function IconVerb({ name, icon, label, act, off = false }: IconVerbProps): JSX.Element {
  return (
    <button
      type="button"
      className="ts-icon"
      data-trackside={name}
      title={label}
      aria-label={label}
      disabled={off}
      onClick={() => void act()}
    >
      <icon.react tag="span" stylesheet="menuItem" />
    </button>
  );
}
