/** The machine at a glance: each GPU with its use now and over the last minutes, and who holds it; then CPU and memory. */
import * as React from 'react';

import type { Gpu, GpuHolder, SystemSample } from '../api/types';
import { count, fullMoment, gpuName, holderPhrase, number, say, sizeOf } from '../words';
import { HOST, polyline } from '../model/traces';
import type { Trace } from '../model/traces';
import { useCell, useHere } from '../run/surroundings';
import { Traced } from './lastMinutes';
import { Section, useSection } from './Section';

const IDLE_IS_LONG = 10 * 60_000;

export function Gpus(): JSX.Element {
  const { trackside, preferences } = useHere();
  const sample = useCell(trackside.machine.sample);
  const traces = useCell(React.useContext(Traced));
  const { refresh } = useCell(preferences);
  const section = useSection('gpus');
  const { open } = section;
  React.useEffect(() => {
    if (open) {
      const watching = trackside.machine.watch(refresh);
      return () => watching.dispose();
    }
    return undefined;
  }, [open, refresh, trackside]);
  const gpus = sample?.gpus ?? [];
  const free = gpus.filter(gpu => gpu.free).length;
  const note = sample === null ? '' : gpus.length > 0 ? say('%1 of %2 free', free, gpus.length) : say('none');
  return (
    <Section id="gpus" title={say('GPUs')} note={note} {...section}>
      <div className="ts-section-body" role="list">
        {gpus.map(gpu => (
          <GpuRow key={gpu.uuid} gpu={gpu} trace={traces.get(gpu.uuid)} now={trackside.now()} />
        ))}
        {sample !== null && gpus.length === 0 && (
          <p className="ts-note">{sample.gpu_message || say('This machine has no GPU; jobs share its CPUs.')}</p>
        )}
        {sample !== null && gpus.length > 0 && sample.gpu_message && (
          <p className="ts-note ts-warn">{sample.gpu_message}</p>
        )}
        {sample !== null && <HostRow sample={sample} trace={traces.get(HOST)} />}
      </div>
    </Section>
  );
}

function GpuRow({ gpu, trace, now }: { gpu: Gpu; trace: Trace | undefined; now: number }): JSX.Element {
  const idle = gpu.holders.some(holder => idleLong(holder, now));
  const alone = gpu.error || (gpu.free ? say('free') : say('in use'));
  const busy = gpu.memory_used > 0 || (gpu.utilization ?? 0) > 0;
  return (
    <div
      className="ts-gpu"
      role="listitem"
      data-trackside="gpu-row"
      data-index={gpu.index}
      data-free={gpu.free}
      title={gpu.error || gpu.holders.map(holderTitle).join('\n')}
    >
      <div className="ts-gpu-head">
        <b>{gpu.index}</b>
        <span className="ts-gpu-name">{gpuName(gpu)}</span>
        <span className={idle || gpu.error ? 'ts-gpu-who ts-warn' : 'ts-gpu-who'}>
          {gpu.holders.length === 0 || gpu.error ? alone : <Holders holders={gpu.holders} now={now} />}
        </span>
      </div>
      <Bars
        trace={trace}
        left={{ share: (gpu.utilization ?? 0) / 100, label: say('utilisation of GPU %1', gpu.index) }}
        right={{ share: gpu.memory_used / (gpu.memory_total || 1), label: say('memory of GPU %1', gpu.index) }}
      />
      {(busy || !gpu.free) && gpu.memory_total > 0 && (
        <div className="ts-bars ts-bar-words">
          <span>{gpuState(gpu)}</span>
          <span>{sizeOf(gpu.memory_used, gpu.memory_total)}</span>
        </div>
      )}
    </div>
  );
}

/** Who holds a GPU; a click goes to the job, or to the notebook of the kernel. */
function Holders({ holders, now }: { holders: readonly GpuHolder[]; now: number }): JSX.Element {
  const { actions } = useHere();
  const way = ({ kind, id, label }: GpuHolder): (() => void) | null =>
    kind === 'job' && id !== null
      ? () => actions.open(id, label)
      : kind === 'kernel'
        ? () => actions.openDocument?.(label)
        : null;
  return (
    <>
      {holders.map((holder, index) => {
        const go = way(holder);
        const words = holderPhrase(holder, now);
        return (
          <React.Fragment key={index}>
            {index > 0 && ', '}
            {go === null ? (
              words
            ) : (
              <button type="button" className="ts-plainlink" data-trackside="gpu-holder" onClick={go}>
                {words}
              </button>
            )}
          </React.Fragment>
        );
      })}
    </>
  );
}

/** `97 % · 61 °C · 412 W`, as far as the GPU tells. */
function gpuState({ utilization, temperature, power }: Gpu): string {
  const parts = [
    utilization === null ? '' : `${Math.round(utilization)} %`,
    temperature === null ? '' : `${Math.round(temperature)} °C`,
    power === null ? '' : `${Math.round(power)} W`
  ];
  return parts.filter(Boolean).join(' · ');
}

function idleLong(holder: GpuHolder, now: number): boolean {
  return holder.idle_since !== null && now - Date.parse(holder.idle_since) > IDLE_IS_LONG;
}

function holderTitle(holder: GpuHolder): string {
  const since = holder.since === null ? '' : say('since %1', fullMoment(holder.since));
  const until = holder.until === null ? '' : say('until about %1', fullMoment(holder.until));
  const share = holder.share < 1 ? say('%1 of it', number(holder.share)) : '';
  const process = holder.pid === null ? '' : say('process %1', holder.pid);
  return [holder.label, holder.user ?? '', process, share, since, until].filter(Boolean).join(', ');
}

function HostRow({ sample, trace }: { sample: SystemSample; trace: Trace | undefined }): JSX.Element {
  const { cpu_count: cpus, cpu_percent: busy, cpus_held: held } = sample;
  return (
    <div className="ts-gpu" role="listitem" data-trackside="host-row">
      <div className="ts-gpu-head">
        <b>{say('CPU')}</b>
        <span className="ts-gpu-name">{count('%1 core', '%1 cores', cpus)}</span>
        <span className="ts-gpu-who">
          {held > 0 ? say('%1 of %2 held by jobs', Math.round(held * 100) / 100, cpus) : say('free')}
        </span>
      </div>
      <Bars
        trace={trace}
        left={{ share: busy / 100, label: say('use of the CPUs') }}
        right={{ share: sample.memory_used / sample.memory_total, label: say('use of the memory') }}
      />
      <div className="ts-bars ts-bar-words">
        <span>{Math.round(busy)} %</span>
        <span>{sizeOf(sample.memory_used, sample.memory_total)}</span>
      </div>
    </div>
  );
}

interface Measure {
  readonly share: number;
  readonly label: string;
}

/** Both measures now, and above each how it went in the last minutes. */
function Bars({ left, right, trace }: { left: Measure; right: Measure; trace: Trace | undefined }): JSX.Element {
  const { at, use, memory } = trace ?? { at: [], use: [], memory: [] };
  return (
    <div className="ts-bars">
      <div>
        <Spark points={polyline(at, use)} kind="use" />
        <Meter {...left} kind="use" />
      </div>
      <div>
        <Spark points={polyline(at, memory)} kind="memory" />
        <Meter {...right} kind="memory" />
      </div>
    </div>
  );
}

function Spark({ points, kind }: { points: string; kind: 'use' | 'memory' }): JSX.Element | null {
  return points === '' ? null : (
    <svg className={`ts-spark ts-spark-${kind}`} viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
      <polyline points={points} data-trackside="spark" />
    </svg>
  );
}

function Meter({ share, label, kind }: Measure & { kind: 'use' | 'memory' }): JSX.Element {
  const percent = Math.round(Math.min(1, Math.max(0, share)) * 100);
  return (
    <div
      className={`ts-bar ts-bar-${kind}`}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <i style={{ transform: `translateX(${percent - 100}%)` }} />
    </div>
  );
}
