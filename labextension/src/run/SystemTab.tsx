/** The machine while a run ran: CPU, memory and its GPUs over time. */
import * as React from 'react';

import type { ChartOptions } from '../charts/chart';
import type { RunModel } from '../model/run';
import { say, size } from '../words';
import { CurveChart } from './CurveChart';
import type { ChartLook } from './CurveChart';
import { useCell, useFrame, usePolling } from './surroundings';

const LOOK: ChartLook = { axis: 'time', smooth: 0, log: false, last: null, sync: 'trackside-system' };

export function SystemTab({ model }: { model: RunModel }): JSX.Element {
  const facts = useCell(model.facts);
  const { system } = model;
  const status = facts.job?.status ?? facts.run?.status;
  const read = React.useCallback(() => system.read(), [system, status]);
  usePolling(read, model.running, 5000);
  const version = useFrame(system.version);
  const charts = chartsOf(system.curves.keys);
  if (charts.length === 0) {
    return (
      <p className="ts-note">{say('No samples of the machine yet; they are taken every few seconds while it runs.')}</p>
    );
  }
  const limit = facts.job?.limits.find(each => each.name === 'memory')?.value;
  return (
    <div className="ts-page">
      <div className="ts-charts" data-trackside="system">
        {charts.map(({ title, keys, limited, drawn }) => (
          <CurveChart
            key={title}
            name={title}
            title={title}
            sources={keys.flatMap((key, index) => {
              const curve = system.curves.byKey.get(key);
              return curve === undefined ? [] : [{ id: key, label: gpuOf(key), color: index, curve }];
            })}
            look={LOOK}
            version={version}
            corner={limited && limit !== undefined ? say('limit %1', size(limit)) : ''}
            drawn={limited ? { ...drawn, mark: limit } : drawn}
          />
        ))}
      </div>
    </div>
  );
}

interface Plan {
  readonly title: () => string;
  readonly key: RegExp;
  readonly drawn: Drawn;
  /** Drawn against the job's memory limit. */
  readonly limited?: boolean;
}

type Drawn = Pick<ChartOptions, 'format' | 'include' | 'bytes'>;

const PERCENT: Drawn = { format: value => `${Math.round(value)} %`, include: [0, 100] };
const BYTES: Drawn = { format: size, include: [0], bytes: true };
const MEBIBYTES: Drawn = { format: value => size(value * 2 ** 20), include: [0], bytes: true };
const WATTS: Drawn = { format: value => `${Math.round(value)} W`, include: [0] };
const DEGREES: Drawn = { format: value => `${Math.round(value)} °C`, include: [20, 90] };

/** What is drawn of the samples, the job's own use first. */
const PLANS: readonly Plan[] = [
  { title: () => say('memory of the job'), key: /^process_memory$/, drawn: BYTES, limited: true },
  { title: () => say('CPU of the job'), key: /^process_cpu_percent$/, drawn: PERCENT },
  { title: () => say('use of the GPUs'), key: /^gpu_\d+_utilization$/, drawn: PERCENT },
  { title: () => say('memory of the GPUs'), key: /^gpu_\d+_memory_used$/, drawn: MEBIBYTES },
  { title: () => say('power of the GPUs'), key: /^gpu_\d+_power$/, drawn: WATTS },
  { title: () => say('temperature of the GPUs'), key: /^gpu_\d+_temperature$/, drawn: DEGREES },
  { title: () => say('CPU of the machine'), key: /^cpu_percent$/, drawn: PERCENT },
  { title: () => say('memory of the machine'), key: /^memory_percent$/, drawn: PERCENT }
];

interface Planned {
  readonly title: string;
  readonly keys: string[];
  readonly drawn: Drawn;
  readonly limited: boolean;
}

function chartsOf(keys: readonly string[]): Planned[] {
  return PLANS.flatMap(({ title, key, drawn, limited = false }) => {
    const found = keys.filter(each => key.test(each));
    return found.length > 0 ? [{ title: title(), keys: found, drawn, limited }] : [];
  });
}

/** `GPU 1` for its keys, nothing for those of the whole machine. */
function gpuOf(key: string): string {
  const index = /^gpu_(\d+)_/.exec(key)?.[1];
  return index === undefined ? '' : say('GPU %1', index);
}
