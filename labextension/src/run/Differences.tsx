/** What several runs ran in and what ran: only where they are not the same. */
import * as React from 'react';

import type { Comparison } from '../api/types';
import type { RunRef } from '../model/bundle';
import { exact } from '../model/settings';
import { say } from '../words';
import { Diff } from './Diff';
import { Dash } from './LegendItem';
import { useHere } from './surroundings';

/** `ended` says which runs have ended, and when: then there may be more to see. */
export function Differences({ runs, ended }: { runs: readonly RunRef[]; ended: string }): JSX.Element | null {
  const { trackside } = useHere();
  const [found, setFound] = React.useState<Comparison | null>(null);
  const ids = runs.map(run => run.runId);
  React.useEffect(() => {
    let stale = false;
    trackside.rest.compare(ids).then(
      comparison => stale || setFound(comparison),
      () => undefined // the curves above say that the server does not answer
    );
    return () => {
      stale = true;
    };
  }, [ids.join(), ended, trackside]);
  return found === null ? null : (
    <>
      <Environment runs={runs} rows={found.environment.filter(row => row.differs)} />
      {found.no_source.length > 0 && (
        <p className="ts-note">
          {say('No source was kept of %1.', found.no_source.map(id => nameOf(runs, id)).join(', '))}
        </p>
      )}
      {found.source.map(diff => (
        <details key={`${diff.run_id} ${diff.path}`} data-trackside="compare-source" data-run-id={diff.run_id}>
          <summary>
            {say('%1: how %2 differs from %3', diff.path, nameOf(runs, diff.run_id), runs[0]?.name ?? '')}
          </summary>
          <Diff text={diff.diff} cut={diff.cut} />
        </details>
      ))}
    </>
  );
}

function nameOf(runs: readonly RunRef[], id: string): string {
  return runs.find(run => run.runId === id)?.name ?? id;
}

function Environment({ runs, rows }: { runs: readonly RunRef[]; rows: Comparison['environment'] }): JSX.Element | null {
  return rows.length === 0 ? null : (
    <div className="ts-table-room">
      <table className="ts-table ts-wrapped" data-trackside="compare-environment">
        <thead>
          <tr>
            <th scope="col">{say('ran in')}</th>
            {runs.map((run, index) => (
              <th scope="col" key={run.runId}>
                <Dash color={index} />
                {run.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, values }) => (
            <tr key={key} data-key={key}>
              <td>{key}</td>
              {values.map((value, index) => (
                <td key={index}>{value === null ? '–' : exact(value)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
