/** The last minutes of each GPU and of the machine, as one saw them. */
import type { SystemSample } from '../api/types';

/** Shares (0 to 1) at moments in milliseconds, the latest last. */
export interface Trace {
  readonly at: readonly number[];
  readonly use: readonly number[];
  readonly memory: readonly number[];
}

export type Traces = ReadonlyMap<string, Trace>;

/** How far back they reach, in milliseconds. */
export const REACH = 5 * 60_000;
export const HOST = 'host';
const LEAST = 0.005;
const NONE: Trace = { at: [], use: [], memory: [] };

/** Return the traces after one more sample; what is gone from the machine is gone from them. */
export function traced(before: Traces, sample: SystemSample): Traces {
  const now = Date.parse(sample.at);
  const shares = new Map([[HOST, [sample.cpu_percent / 100, sample.memory_used / sample.memory_total]]]);
  for (const gpu of sample.gpus) {
    shares.set(gpu.uuid, [(gpu.utilization ?? 0) / 100, gpu.memory_used / (gpu.memory_total || 1)]);
  }
  return new Map(
    [...shares].map(([name, [use = 0, memory = 0]]) => [name, longer(before.get(name) ?? NONE, now, use, memory)])
  );
}

function longer({ at, use, memory }: Trace, now: number, newUse: number, newMemory: number): Trace {
  const from = at.findIndex(moment => moment >= now - REACH && moment < now);
  const kept = <T>(values: readonly T[]) => (from < 0 ? [] : values.slice(from));
  return { at: [...kept(at), now], use: [...kept(use), newUse], memory: [...kept(memory), newMemory] };
}

/** The points of a line in a box of 100 by 100, the latest at its right; empty for fewer than two, and while nothing moved. */
export function polyline(at: readonly number[], shares: readonly number[]): string {
  const now = at[at.length - 1] ?? 0;
  const points = at.map((moment, index) => {
    const y = 100 - Math.min(1, Math.max(0, shares[index] ?? 0)) * 100;
    return `${(100 - ((now - moment) / REACH) * 100).toFixed(1)},${y.toFixed(1)}`;
  });
  return points.length < 2 || shares.every(share => share < LEAST) ? '' : points.join(' ');
}
