/** The side panel: its sections in the order that one gave them; or why there are none. */
import * as React from 'react';

import type { Cell } from '../model/cell';
import { compared, VERSION } from '../model/version';
import { say } from '../words';
import { useCell, useHere } from '../run/surroundings';
import { Arranged, useArrangement } from './arrange';
import { Traced, useTraces } from './lastMinutes';
import { Gpus } from './Gpus';
import { Jobs } from './Jobs';
import { Runs } from './Runs';

/** Every section by its name; a new one stands at the end until somebody moves it. */
const SECTIONS: Readonly<Record<string, (props: { selected: string | null }) => JSX.Element>> = {
  gpus: Gpus,
  jobs: Jobs,
  runs: Runs
};

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
  const traces = useTraces();
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
      {home.state === 'here' && <Versions server={home.health.version} />}
      {lost && <p className="ts-note ts-warn">{say('The connection to the server is lost; trying again.')}</p>}
      <DiskHint />
      <Traced.Provider value={traces}>{shown && <Sections selected={chosen} />}</Traced.Provider>
    </div>
  );
}

function Sections({ selected }: { selected: string | null }): JSX.Element {
  const arrangement = useArrangement(Object.keys(SECTIONS));
  return (
    <Arranged.Provider value={arrangement}>
      {arrangement.order.map(id => {
        const Part = SECTIONS[id];
        return Part && <Part key={id} selected={selected} />;
      })}
    </Arranged.Provider>
  );
}

/** A page and a server that were not made for each other go on as far as they can, and say so. */
function Versions({ server }: { server: string }): JSX.Element | null {
  const by = compared(VERSION, server);
  return by === 0 ? null : (
    <p className="ts-note ts-warn" data-trackside="versions">
      {by < 0
        ? say('The server has Trackside %1 now, this page is of %2. Reload the page.', server, VERSION)
        : say('This page is of Trackside %1, the server has %2. Start the server again.', VERSION, server)}
    </p>
  );
}

/** A word before the disk is full. */
function DiskHint(): JSX.Element | null {
  const { trackside, preferences } = useHere();
  const sample = useCell(trackside.machine.sample);
  const { diskHint } = useCell(preferences);
  const percent = sample === null ? 0 : Math.floor((sample.disk_used / (sample.disk_total || 1)) * 100);
  return diskHint >= 100 || percent < diskHint ? null : (
    <p className="ts-note ts-warn" data-trackside="disk-hint">
      {say('The disk of the runs is %1 % full. This says which old runs may go:', percent)}{' '}
      <code>trackside prune --dry-run</code>
    </p>
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
