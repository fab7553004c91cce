/** What a job holds and may use, in one line; and how far it is. */
import * as React from 'react';

import type { Gpu, Job, SystemSample } from '../api/types';
import type { Progress } from '../model/feed';
import { count, gpuName, kindPhrase, limitSentence, progressWords, say, size, sizeOf, timeLeft } from '../words';
import { useCell, useHere } from './surroundings';

/** `GPU 0, 1 · H100 80 GB   peak 9.4 of 64 GB memory   time limit 2 h, enforced`. */
export function Resources({ job }: { job: Job }): JSX.Element {
  const { trackside } = useHere();
  const sample = useCell(trackside.machine.sample);
  const memory = job.limits.find(limit => limit.name === 'memory');
  const others = job.limits.filter(limit => limit.name !== 'memory');
  return (
    <div className="ts-sub" data-trackside="resources">
      <span>{kindPhrase(job)}</span>
      <span>{gpuWords(job, sample)}</span>
      {(job.peak_memory !== null || memory !== undefined) && (
        <span className={memory !== undefined && !memory.enforced ? 'ts-warn' : undefined} title={memory?.by}>
          {memoryWords(job.peak_memory, memory?.value ?? null)}
          {memory !== undefined && !memory.enforced && say(', not enforced')}
        </span>
      )}
      {others.map(limit => (
        <span key={limit.name} className={limit.enforced ? undefined : 'ts-warn'} title={limit.by}>
          {limitSentence(limit)}
        </span>
      ))}
    </div>
  );
}

function memoryWords(peak: number | null, limit: number | null): string {
  if (peak === null) {
    return say('up to %1 memory', size(limit ?? 0));
  }
  return limit === null ? say('peak memory %1', size(peak)) : say('peak %1 memory', sizeOf(peak, limit));
}

/** `GPU 0, 1 · H100 80 GB` as leased, or what was asked for. */
function gpuWords(job: Job, sample: SystemSample | null): string {
  const cpus = count('%1 CPU', '%1 CPUs', job.spec.cpus ?? 1);
  if (job.gpus.length === 0) {
    const asked = job.spec.gpus;
    return asked !== undefined && asked.count > 0 ? `${askedWords(asked)} · ${cpus}` : cpus;
  }
  const known = job.gpus.map(id => sample?.gpus.find(gpu => gpu.uuid === id || String(gpu.index) === id));
  if (!known.every((gpu): gpu is Gpu => gpu !== undefined)) {
    return `${count('%1 GPU', '%1 GPUs', job.gpus.length)} · ${cpus}`;
  }
  const names = [...new Set(known.map(gpuName))].join(', ');
  return `GPU ${known.map(gpu => gpu.index).join(', ')} · ${names} · ${cpus}`;
}

function askedWords({ count: wanted, type }: { count: number; type?: string | null }): string {
  const kind = type == null ? '' : ` ${type.toUpperCase()}`;
  return `${count('%1 GPU', '%1 GPUs', wanted)}${kind}`;
}

/** A thin bar, what was done below it on the left, what is left on the right. */
export function ProgressBar({ progress, slim = false }: { progress: Progress; slim?: boolean }): JSX.Element {
  const { i, total, rate } = progress;
  const share = total === null || total <= 0 ? null : Math.min(1, i / total);
  return (
    <div className={slim ? 'ts-progress ts-slim' : 'ts-progress'} data-trackside="progress" data-i={i} data-total={total ?? ''}>
      <div
        className="ts-bar ts-bar-progress"
        role="progressbar"
        aria-label={say('Progress')}
        aria-valuemin={0}
        aria-valuemax={total ?? undefined}
        aria-valuenow={share === null ? undefined : i}
        aria-valuetext={progressWords(i, total)}
      >
        <i style={{ width: `${(share ?? 0) * 100}%` }} />
      </div>
      {!slim && (
        <div className="ts-under">
          <span>{progressWords(i, total)}</span>
          <span>{timeLeft(i, total, rate)}</span>
        </div>
      )}
    </div>
  );
}
