/** The side panel: GPUs, jobs, runs; or why there are none. */
import * as React from 'react';

import type { Cell } from '../model/cell';
import { say } from '../words';
import { useCell, useHere } from '../run/surroundings';
import { Gpus } from './Gpus';
import { Jobs } from './Jobs';
import { Runs } from './Runs';

export interface SidePanelProps {
  /** The run whose view is open in front. */
  selected: Cell<string | null>;
  /** Whether the panel can be seen; it rests while it cannot. */
  visible: Cell<boolean>;
}

export function SidePanel({ selected, visible }: SidePanelProps): JSX.Element {
  const { trackside } = useHere();
  const home = useCell(trackside.home);
  const chosen = useCell(selected);
  const shown = useCell(visible);
  const lost = useCell(trackside.lost);
  React.useEffect(() => void trackside.ask(), [trackside]);
  if (home.state === 'absent') {
    return <Absent problem={home.problem} />;
  }
  return (
    <div className="ts-side" data-trackside="side-panel" data-state={home.state}>
      {home.state === 'here' &&
        home.health.warnings.map(warning => (
          <p key={warning} className="ts-note ts-warn">
            {warning}
          </p>
        ))}
      {lost && <p className="ts-note ts-warn">{say('The connection to the server is lost; trying again.')}</p>}
      {shown && (
        <>
          <Gpus />
          <Jobs selected={chosen} />
          <Runs selected={chosen} />
        </>
      )}
    </div>
  );
}

function Absent({ problem }: { problem: string }): JSX.Element {
  const { trackside } = useHere();
  return (
    <div className="ts-side" data-trackside="side-panel" data-state="absent">
      <div className="ts-teach">
        <p>
          {problem === 'missing'
            ? say(
                'Trackside does not run on this Jupyter server. Install it where JupyterLab runs, then start the server again:'
              )
            : say('The server does not answer. %1', problem)}
        </p>
        {problem === 'missing' && <pre>{'pip install "trackside[lab]"'}</pre>}
        <button type="button" className="ts-button" onClick={() => void trackside.ask(true)}>
          {say('Try again')}
        </button>
      </div>
    </div>
  );
}
