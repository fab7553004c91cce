/** Several runs side by side: their curves, their last and best values, and the settings in which they differ. */
import * as React from 'react';

import type { RunInfo } from '../api/types';
import type { RunRef, TrackBundle } from '../model/bundle';
import { differing } from '../model/settings';
import { say, statusWord } from '../words';
import { Dash } from './LegendItem';
import { Differences } from './Differences';
import { Scatter } from './Scatter';
import { Track } from './Track';
import { useCell, useHere, useRun } from './surroundings';

export function Compare({ runs }: { runs: readonly RunRef[] }): JSX.Element {
  const [known, setKnown] = React.useState<ReadonlyMap<string, RunInfo>>(new Map());
  const learn = React.useCallback((run: RunInfo) => setKnown(before => new Map(before).set(run.id, run)), []);
  const bundle: TrackBundle = {
    kind: 'track',
    homeId: '',
    runs,
    keys: [],
    axis: 'step',
    smooth: 0,
    log: false,
    last: null,
    varies: []
  };
  return (
    <div className="ts-page ts-compare" data-trackside="compare" data-runs={runs.map(run => run.runId).join(',')}>
      {runs.map(run => (
        <Learner key={run.runId} id={run.runId} learn={learn} />
      ))}
      <Track bundle={bundle} runs={runs} />
      <Scatter runs={runs} known={known} />
      <Settings runs={runs} known={known} />
      <Differences runs={runs} ended={runs.map(run => known.get(run.runId)?.finished_at ?? '').join()} />
    </div>
  );
}

/** Follows the facts of one run; shows nothing by itself. */
function Learner({ id, learn }: { id: string; learn: (run: RunInfo) => void }): null {
  const { run } = useCell(useRun(id).facts);
  React.useEffect(() => {
    if (run !== null) {
      learn(run);
    }
  }, [run]);
  return null;
}

/** One column per run; only settings that are not the same in all. */
function Settings({ runs, known }: { runs: readonly RunRef[]; known: ReadonlyMap<string, RunInfo> }): JSX.Element {
  const { actions } = useHere();
  const rows = differing(runs.map(run => known.get(run.runId)?.config ?? {}));
  return (
    <div className="ts-table-room">
      <table className="ts-table ts-wrapped" data-trackside="compare-settings">
        <thead>
          <tr>
            <th scope="col">{say('differs in')}</th>
            {runs.map((run, index) => (
              <th scope="col" key={run.runId}>
                <Dash color={index} />
                <button
                  type="button"
                  className="ts-plainlink"
                  onClick={() => actions.open(run.runId, run.name, 'config')}
                >
                  {run.name}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Row name={say('status')} values={runs.map(run => statusOf(known.get(run.runId)))} />
          {rows.map(({ key, values }) => (
            <Row key={key} name={key} values={values} />
          ))}
        </tbody>
      </table>
      {rows.length === 0 && <p className="ts-note">{say('The settings of these runs are the same.')}</p>}
    </div>
  );
}

function statusOf(run: RunInfo | undefined): string {
  return run === undefined ? '' : statusWord(run.status);
}

function Row({ name, values }: { name: string; values: readonly string[] }): JSX.Element {
  return (
    <tr data-key={name}>
      <td>{name}</td>
      {values.map((value, index) => (
        <td key={index} title={value}>
          {value}
        </td>
      ))}
    </tr>
  );
}
