/** The machine while a run ran: CPU, memory and its GPUs over time. */
import * as React from 'react';

import type { Job } from '../api/types';
import type { RunModel } from '../model/run';
import { number, say, size } from '../words';
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
    return <p className="ts-note">{say('No samples of the machine yet; they are taken every few seconds while it runs.')}</p>;
  }
  return (
    <div className="ts-page">
      <div className="ts-charts" data-trackside="system">
        {charts.map(({ title, keys, bytes }) => (
          <CurveChart
            key={title}
            name={title}
            sources={keys.flatMap((key, index) => {
              const curve = system.curves.byKey.get(key);
              return curve === undefined ? [] : [{ label: words(key), color: index, curve }];
            })}
            look={LOOK}
            version={version}
            corner={bytes ? limitWords(facts.job, title) : ''}
            mark={bytes ? limitOf(facts.job, title) : undefined}
            format={bytes ? size : percent}
          />
        ))}
      </div>
    </div>
  );
}

interface ChartPlan {
  readonly title: string;
  readonly keys: string[];
  readonly bytes: boolean;
}

/** Which samples belong together: utilisations, memories, temperatures. */
function chartsOf(keys: readonly string[]): ChartPlan[] {
  const kinds = new Map<string, string[]>();
  for (const key of keys.filter(each => !each.endsWith('_total'))) {
    const kind = key.replace(/^gpu_\d+_/, 'gpu_');
    kinds.set(kind, [...(kinds.get(kind) ?? []), key]);
  }
  return [...kinds].map(([title, members]) => ({ title, keys: members, bytes: /memory(_used)?$|_bytes$|rss/.test(title) }));
}

function words(key: string): string {
  return key.replace(/_percent$/, ' %').replace(/^gpu_(\d+)_/, 'GPU $1 ').replace(/_/g, ' ');
}

function percent(value: number): string {
  return number(Math.round(value * 10) / 10);
}

/** The job's own memory is drawn against its limit. */
function limitOf(job: Job | null, title: string): number | undefined {
  return /^(job_|process_|rss)/.test(title) ? job?.limits.find(limit => limit.name === 'memory')?.value : undefined;
}

function limitWords(job: Job | null, title: string): string {
  const limit = limitOf(job, title);
  return limit === undefined ? '' : say('limit %1', size(limit));
}
