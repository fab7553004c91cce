/** What a running job uses just now: its processes' CPU and memory, and its GPUs. */
import * as React from 'react';

import type { RunModel } from '../model/run';
import { say, size } from '../words';
import { useFrame, usePolling } from './surroundings';

const PERIOD = 5000;

/** `uses 97 % CPU, 1.1 GB memory · GPU 0 99 %, 1.5 GB`, nothing until the first sample. */
export function Usage({ model }: { model: RunModel }): JSX.Element | null {
  const { system } = model;
  const read = React.useCallback(() => system.read(), [system]);
  usePolling(read, model.running, PERIOD);
  useFrame(system.version);
  const cpu = system.last('process_cpu_percent');
  const memory = system.last('process_memory');
  const own = [
    cpu === null ? '' : say('%1 % CPU', Math.round(cpu)),
    memory === null ? '' : say('%1 memory', size(memory))
  ].filter(Boolean);
  const gpus = system.curves.keys.flatMap(key => /^gpu_(\d+)_utilization$/.exec(key)?.[1] ?? []);
  const words = [own.join(', '), ...gpus.map(index => gpuWords(model, index))].filter(Boolean);
  return words.length === 0 ? null : <span data-trackside="usage">{say('uses %1', words.join(' · '))}</span>;
}

function gpuWords({ system }: RunModel, index: string): string {
  const [use, memory] = [system.last(`gpu_${index}_utilization`), system.last(`gpu_${index}_memory_used`)];
  const held = memory === null ? '' : `, ${size(memory * 2 ** 20)}`;
  return use === null ? '' : `${say('GPU %1 at %2 %', index, Math.round(use))}${held}`;
}
