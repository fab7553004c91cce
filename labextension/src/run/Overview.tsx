/** The facts of a run, and what it ran. */
import * as React from 'react';

import type { Job, RunInfo } from '../api/types';
import type { Facts, RunModel } from '../model/run';
import { isFinal } from '../model/jobs';
import {
  count,
  duration,
  endPhrase,
  fullMoment,
  limitSentence,
  number,
  say,
  seconds,
  size,
  statusWord
} from '../words';
import { Attempts } from './Attempts';
import { costPhrase } from './cost';
import { Environment } from './Environment';
import { Outputs } from './Outputs';
import { wasAskedFor } from './Resources';
import { RunCurves } from './RunCurves';
import { Source, sourceOf } from './Source';
import { useCell, useHere, useNow, usePolling } from './surroundings';

type Fact = readonly [name: string, value: React.ReactNode];

export function Overview({ model, facts }: { model: RunModel; facts: Facts }): JSX.Element {
  const { run, job } = facts;
  const status = job?.status ?? run?.status ?? 'pending';
  const now = useNow(status === 'running');
  return (
    <div className="ts-page" data-trackside="overview">
      {job !== null && !isFinal(status) && status !== 'running' && <Waiting model={model} job={job} />}
      <RunCurves model={model} most={3} />
      <dl className="ts-facts">{factsOf(run, job, now).map(renderFact)}</dl>
      {run !== null && <Summary run={run} />}
      {job !== null && <Attempts model={model} job={job} />}
      {job !== null && sourceOf(job) && <SourceSection job={job} />}
      <Outputs model={model} />
      <Environment model={model} version={status} />
    </div>
  );
}

function renderFact([name, value]: Fact): JSX.Element {
  return (
    <React.Fragment key={name}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </React.Fragment>
  );
}

/** Each thing that a waiting job waits for, renewed while one looks. */
function Waiting({ model, job }: { model: RunModel; job: Job }): JSX.Element {
  const explanation = useCell(model.explanation);
  const read = React.useCallback(() => model.readExplanation(), [model, job.status]);
  usePolling(read, true, 5000);
  const blockers = explanation?.blockers ?? [];
  return (
    <div className="ts-box" data-trackside="explanation">
      <b>{say('Why it waits')}</b>
      {blockers.length > 0 ? (
        <ul>
          {blockers.map(blocker => (
            <li key={blocker.code + blocker.message}>{blocker.message}</li>
          ))}
        </ul>
      ) : (
        <p>{explanation?.message ?? job.message}</p>
      )}
    </div>
  );
}

function factsOf(run: RunInfo | null, job: Job | null, now: number): Fact[] {
  const facts: (Fact | null)[] = [statusFact(run, job), ...timeFacts(run, job)];
  if (job !== null) {
    facts.push(...jobFacts(job, now));
  }
  const tags = run?.tags ?? job?.spec.tags ?? [];
  facts.push(
    tags.length > 0
      ? [
          say('Tags'),
          tags.map(tag => (
            <span key={tag} className="ts-chip">
              {tag}
            </span>
          ))
        ]
      : null
  );
  facts.push([say('Folder'), <code key="folder">{run?.run_dir ?? job?.run_dir}</code>]);
  return facts.filter((fact): fact is Fact => fact !== null);
}

function statusFact(run: RunInfo | null, job: Job | null): Fact {
  const status = job?.status ?? run?.status ?? 'pending';
  const reason = job?.reason ?? run?.reason ?? null;
  const words = isFinal(status) ? endPhrase(status, reason, job?.exit_code ?? null) : statusWord(status);
  const more = reason?.message ?? (status === 'running' ? '' : (job?.message ?? ''));
  return [say('Status'), more && isFinal(status) && reason ? `${words}: ${more}` : words];
}

function timeFacts(run: RunInfo | null, job: Job | null): (Fact | null)[] {
  const started = job?.started_at ?? run?.started_at ?? null;
  const finished = job?.finished_at ?? run?.finished_at ?? null;
  const took = finished === null ? null : seconds(started, finished, 0);
  return [
    job === null ? null : [say('Submitted'), fullMoment(job.created_at)],
    started === null ? null : [say('Started'), fullMoment(started)],
    finished === null
      ? null
      : [say('Ended'), took === null ? fullMoment(finished) : say('%1, after %2', fullMoment(finished), duration(took))]
  ];
}

function jobFacts(job: Job, now: number): (Fact | null)[] {
  const { spec } = job;
  return [
    job.exit_code === null ? null : [say('Exit code'), String(job.exit_code)],
    [say('Asked for'), askedFor(job)],
    spec.after?.length
      ? [say('Starts'), spec.after.map(({ job: id, condition }) => afterPhrase(id, condition)).join(', ')]
      : null,
    spec.at ? [say('Not before'), fullMoment(spec.at)] : null,
    spec.retries ? [say('Retries by itself'), say('%1 of %2 used', job.retried, spec.retries)] : null,
    spec.requeue ? [say('After a restart of the machine'), say('starts again')] : null,
    job.limits.length > 0
      ? [
          say('Limits'),
          job.limits.map(limit => (
            <div key={limit.name} className={limit.enforced || !wasAskedFor(job, limit.name) ? undefined : 'ts-warn'}>
              {limitSentence(limit)}
              {limit.by && <span className="ts-faint"> {say('by %1', limit.by)}</span>}
            </div>
          ))
        ]
      : null,
    job.peak_memory === null ? null : [say('Peak memory'), size(job.peak_memory)],
    costPhrase(job, now) ? [say('Cost'), costPhrase(job, now)] : null,
    spec.outputs?.length ? [say('Brings back'), spec.outputs.join(', ')] : null,
    spec.workdir ? [say('Working folder'), <code key="workdir">{spec.workdir}</code>] : null,
    spec.python ? [say('Python'), <code key="python">{spec.python}</code>] : null,
    spec.secrets?.length ? [say('Secrets'), say('%1 (names only are kept)', spec.secrets.join(', '))] : null,
    [say('Executor'), job.executor]
  ];
}

function askedFor(job: Job): string {
  const { gpus, cpus, cores, memory, time, priority } = job.spec;
  const parts = [
    gpus && gpus.count > 0 ? `${count('%1 GPU', '%1 GPUs', gpus.count)}${gpus.type ? ` ${gpus.type}` : ''}` : '',
    count('%1 CPU', '%1 CPUs', cpus ?? 1),
    cores?.length ? say('on cores %1', cores.join(', ')) : '',
    memory ? say('%1 memory', size(memory)) : '',
    time ? say('%1 at most', duration(time)) : '',
    priority ? say('priority %1', priority) : ''
  ];
  return parts.filter(Boolean).join(' · ');
}

/** `"when job-3 has completed"`: what another job must come to, whatever it came to since. */
function afterPhrase(id: string, condition: string | undefined): string {
  const phrases: Record<string, string> = { any: say('when %1 has ended', id), failed: say('when %1 has failed', id) };
  return phrases[condition ?? 'ok'] ?? say('when %1 has completed', id);
}

function Summary({ run }: { run: RunInfo }): JSX.Element | null {
  const entries = Object.entries(run.summary);
  return entries.length === 0 ? null : (
    <>
      <h4>{say('Summary')}</h4>
      <dl className="ts-facts">{entries.map(([key, value]) => renderFact([key, valueWords(value)]))}</dl>
    </>
  );
}

/** Any JSON value in one line. */
function valueWords(value: unknown): string {
  if (typeof value === 'number') {
    return number(value);
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function SourceSection({ job }: { job: Job }): JSX.Element {
  const { actions } = useHere();
  return (
    <>
      <h4>
        {job.spec.cell == null ? say('Command') : say('Cell')}
        <button type="button" className="ts-link" onClick={() => actions.open(job.run_id, job.name, 'config')}>
          {say('all settings')}
        </button>
      </h4>
      <Source job={job} />
    </>
  );
}
