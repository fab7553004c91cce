/** A panel in a widget, and below it what the kernel keeps one waiting for. */
import * as React from 'react';

import type { Pace } from '../charts/pace';
import type { Bundle } from '../model/bundle';
import type { Cell } from '../model/cell';
import { Embedded } from '../run/Embedded';
import { Here, Paced, useCell } from '../run/surroundings';
import type { Surroundings } from '../run/surroundings';
import { say } from '../words';

export interface Notice {
  /** Requests that the kernel has not answered. */
  readonly waiting: number;
  /** What went wrong with the last verb. */
  readonly told: string;
}

interface Props {
  here: Surroundings;
  pace: Pace;
  bundle: Bundle | null;
  text: string;
  notice: Cell<Notice>;
}

const PATIENCE = 1500;

export function Shell({ here, pace, bundle, text, notice }: Props): JSX.Element {
  if (bundle === null) {
    return <pre>{text}</pre>;
  }
  return (
    <Here.Provider value={here}>
      <Paced.Provider value={pace}>
        <Embedded bundle={bundle} picture={null} text={text} />
      </Paced.Provider>
      <Told notice={notice} />
    </Here.Provider>
  );
}

/** Says that the kernel has not answered for a while, or what went wrong. */
function Told({ notice }: { notice: Cell<Notice> }): JSX.Element | null {
  const { waiting, told } = useCell(notice);
  const [late, setLate] = React.useState(false);
  const busy = waiting > 0;
  React.useEffect(() => {
    setLate(false);
    const timer = busy ? setTimeout(() => setLate(true), PATIENCE) : undefined;
    return () => clearTimeout(timer);
  }, [busy]);
  const words = late ? say('Waiting for the kernel: it is busy, or has ended. What it already sends goes on.') : told;
  return words ? (
    <p className={`ts-note ${late ? '' : 'ts-bad'}`} role="status" data-trackside="notice">
      {words}
    </p>
  ) : null;
}
