/** The status bar: how many jobs run and wait, how many GPUs are free. */
import * as React from 'react';

import { say } from '../words';
import { useCell, useFrame, useHere } from '../run/surroundings';

const EVERY = 15;

export function StatusItem({ onClick }: { onClick: () => void }): JSX.Element | null {
  const { trackside } = useHere();
  const home = useCell(trackside.home);
  const { counts } = useFrame(trackside.jobs.state);
  const sample = useCell(trackside.machine.sample);
  React.useEffect(() => {
    const watching = trackside.machine.watch(EVERY);
    return () => watching.dispose();
  }, [trackside]);
  if (home.state !== 'here') {
    return null;
  }
  const { running = 0, pending = 0, scheduled = 0 } = counts;
  const gpus = sample?.gpus ?? [];
  const parts = [
    running > 0 ? say('%1 running', running) : '',
    pending + scheduled > 0 ? say('%1 waiting', pending + scheduled) : '',
    gpus.length > 0 ? say('%1 of %2 GPUs free', gpus.filter(gpu => gpu.free).length, gpus.length) : ''
  ].filter(Boolean);
  return (
    <button
      type="button"
      className="ts-statusitem"
      data-trackside="status-item"
      data-running={running}
      data-waiting={pending + scheduled}
      title={say('Jobs of Trackside')}
      onClick={onClick}
    >
      {parts.join(' · ') || say('No jobs')}
    </button>
  );
}
