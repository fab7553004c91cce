/** The machine at a glance: each GPU with its use and who holds it, then CPU and memory. */
import * as React from 'react';

import type { Gpu, GpuHolder, SystemSample } from '../api/types';
import { count, fullMoment, gpuName, holderPhrase, number, say, sizeOf } from '../words';
import { useCell, useHere } from '../run/surroundings';
import { Section, useSection } from './Section';

const IDLE_IS_LONG = 10 * 60_000;
const EVERY = 2;

export function Gpus(): JSX.Element {
  const { trackside } = useHere();
  const sample = useCell(trackside.machine.sample);
  const section = useSection('gpus');
  const { open } = section;
  React.useEffect(() => {
    if (open) {
      const watching = trackside.machine.watch(EVERY);
      return () => watching.dispose();
    }
    return undefined;
  }, [open, trackside]);
  const gpus = sample?.gpus ?? [];
  const free = gpus.filter(gpu => gpu.free).length;
  const note = sample === null ? '' : gpus.length > 0 ? say('%1 of %2 free', free, gpus.length) : say('none');
  return (
    <Section id="gpus" title={say('GPUs')} note={note} {...section}>
      <div className="ts-section-body" role="list">
        {gpus.map(gpu => (
          <GpuRow key={gpu.uuid} gpu={gpu} now={trackside.now()} />
        ))}
        {sample !== null && gpus.length === 0 && (
          <p className="ts-note">{sample.gpu_message || say('This machine has no GPU; jobs share its CPUs.')}</p>
        )}
        {sample !== null && gpus.length > 0 && sample.gpu_message && (
          <p className="ts-note ts-warn">{sample.gpu_message}</p>
        )}
        {sample !== null && <HostRow sample={sample} />}
      </div>
    </Section>
  );
}

function GpuRow({ gpu, now }: { gpu: Gpu; now: number }): JSX.Element {
  const idle = gpu.holders.some(holder => idleLong(holder, now));
  const held = gpu.holders.map(holder => holderPhrase(holder, now)).join(', ');
  const who = gpu.error || held || (gpu.free ? say('free') : say('in use'));
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
        <span className={idle || gpu.error ? 'ts-gpu-who ts-warn' : 'ts-gpu-who'}>{who}</span>
      </div>
      <Bars
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
  return [holder.label, holder.user ?? '', share, since, until].filter(Boolean).join(', ');
}

function HostRow({ sample }: { sample: SystemSample }): JSX.Element {
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

function Bars({ left, right }: { left: Measure; right: Measure }): JSX.Element {
  return (
    <div className="ts-bars">
      <Meter {...left} kind="use" />
      <Meter {...right} kind="memory" />
    </div>
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
