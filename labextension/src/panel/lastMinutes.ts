/** The last minutes of the machine, gathered as long as the side panel stands, also while it is out of sight. */
import * as React from 'react';

import { Cell } from '../model/cell';
import { traced } from '../model/traces';
import type { Traces } from '../model/traces';
import { useHere } from '../run/surroundings';

export const Traced = React.createContext(new Cell<Traces>(new Map()));

/** Gather from every sample that somebody looks at. */
export function useTraces(): Cell<Traces> {
  const { machine } = useHere().trackside;
  const [traces] = React.useState(() => new Cell<Traces>(new Map()));
  React.useEffect(
    () =>
      machine.sample.subscribe(() => {
        const sample = machine.sample.get();
        if (sample !== null) {
          traces.update(before => traced(before, sample));
        }
      }),
    [machine, traces]
  );
  return traces;
}
