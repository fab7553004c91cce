/** What a job holds and may use, in one line; and how far it is. */
import * as React from 'react';

import type { Gpu, Job, Limit, Progress, SystemSample } from '../api/types';
import {
  count,
  gpuName,
  kindPhrase,
  limitSentence,
  paceWords,
  progressWords,
  say,
  size,
  sizeOf,
  timeLeft,
  unlimitedSentence
} from '../words';
import { useCell, useHere, useNow } from './surroundings';

/** `GPU 0, 1 · H100 80 GB   1 CPU   peak 9.4 of 64 GB memory   time limit 2 h, enforced`. */
export function Resources({ job, children }: { job: Job; children?: React.ReactNode }): JSX.Element {
  const { trackside } = useHere();
  const sample = useCell(trackside.machine.sample);
  const limit = (name: string) => job.limits.find(each => each.name === name && wasAskedFor(job, name));
  const others = job.limits.filter(each => !['memory', 'cpus'].includes(each.name) && wasAskedFor(job, each.name));
  const memory = memoryWords(job.peak_memory, limit('memory')?.value ?? null);
  const gpus = gpuWords(job, sample);
  const unlimited = unlimitedSentence(job);
  return (
    <div className="ts-sub" data-trackside="resources">
      <span className="ts-what" title={kindPhrase(job)}>
        {kindPhrase(job)}
      </span>
      {gpus && <span>{gpus}</span>}
      <Bound words={count('%1 CPU', '%1 CPUs', job.spec.cpus ?? 1)} limit={limit('cpus')} />
      {memory && <Bound words={memory} limit={limit('memory')} />}
      {others.map(each => (
        <Bound key={each.name} words={limitSentence(each)} limit={each} told={true} />
      ))}
      {unlimited && <span>{unlimited}</span>}
      {children}
    </div>
  );
}

/** What is limited; a limit that does not hold is said so. */
function Bound({ words, limit, told = false }: { words: string; limit?: Limit; told?: boolean }): JSX.Element {
  const loose = limit !== undefined && !limit.enforced;
  const by = limit?.by ? say('enforced by %1', limit.by) : undefined;
  return (
    <span className={loose ? 'ts-warn' : undefined} title={by}>
      {loose && !told ? say('%1, not enforced', words) : words}
    </span>
  );
}

/** Whether the submitter set this limit; those that stand by themselves are told in the overview only. */
export function wasAskedFor(job: Job, limit: string): boolean {
  return (job.spec as { readonly [field: string]: unknown })[limit] !== undefined;
}

function memoryWords(peak: number | null, limit: number | null): string {
  if (peak === null) {
    return limit === null ? '' : say('up to %1 memory', size(limit));
  }
  return limit === null ? say('peak memory %1', size(peak)) : say('peak %1 memory', sizeOf(peak, limit));
}

/** `GPU 0, 1 · H100 80 GB` as leased, or what was asked for. */
function gpuWords(job: Job, sample: SystemSample | null): string {
  if (job.gpus.length === 0) {
    const asked = job.spec.gpus;
    return asked !== undefined && asked.count > 0 ? askedWords(asked) : '';
  }
  const known = job.gpus.map(id => sample?.gpus.find(gpu => gpu.uuid === id || String(gpu.index) === id));
  if (!known.every((gpu): gpu is Gpu => gpu !== undefined)) {
    return count('%1 GPU', '%1 GPUs', job.gpus.length);
  }
  return `GPU ${known.map(gpu => gpu.index).join(', ')} · ${[...new Set(known.map(gpuName))].join(', ')}`;
}

function askedWords({ count: wanted, type }: { count: number; type?: string | null }): string {
  const kind = type == null ? '' : ` ${type.toUpperCase()}`;
  return `${count('%1 GPU', '%1 GPUs', wanted)}${kind}`;
}

/** A thin bar; below it what is done on the left, how fast and for how long it goes on at the right. */
export function ProgressBar({ progress, slim = false }: { progress: Progress; slim?: boolean }): JSX.Element {
  const { i, total, part, rate } = progress;
  const now = useNow(!slim);
  const share = total === null || total <= 0 ? null : Math.min(1, (i + part) / total);
  return (
    <div
      className={slim ? 'ts-progress ts-slim' : 'ts-progress'}
      data-trackside="progress"
      data-i={i}
      data-total={total ?? ''}
    >
      <div
        className="ts-bar ts-bar-progress"
        role="progressbar"
        aria-label={say('Progress')}
        aria-valuemin={0}
        aria-valuemax={total ?? undefined}
        aria-valuenow={share === null ? undefined : i}
        aria-valuetext={progressWords(progress)}
      >
        <i style={{ transform: `translateX(${((share ?? 0) - 1) * 100}%)` }} />
      </div>
      {!slim && (
        <div className="ts-under">
          <span>{progressWords(progress)}</span>
          <span data-trackside="pace">{[paceWords(rate), timeLeft(progress, now)].filter(Boolean).join(' · ')}</span>
        </div>
      )}
    </div>
  );
}
