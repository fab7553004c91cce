/** The hyperparameters of a run, and the job exactly as it was asked for. */
import * as React from 'react';

import type { Facts } from '../model/run';
import { exact, flat } from '../model/settings';
import type { Setting } from '../model/settings';
import { duration, say, size } from '../words';

export function Config({ facts }: { facts: Facts }): JSX.Element {
  const config = flat(facts.run?.config ?? {});
  const spec = flat({ ...(facts.job?.spec ?? {}), cell: undefined });
  return (
    <div className="ts-page" data-trackside="config">
      <h4>{say('Config')}</h4>
      {config.length > 0 ? (
        <Rows rows={config} />
      ) : (
        <p className="ts-note ts-flush">
          {say('No config was given. Say %%submit --config NAME, or trackside.init(config={…}).')}
        </p>
      )}
      {spec.length > 0 && (
        <>
          <h4>{say('As submitted')}</h4>
          <Rows rows={spec} said={specWords} />
        </>
      )}
    </div>
  );
}

type Said = (key: string, value: unknown) => string;

function Rows({ rows, said = (_, value) => exact(value) }: { rows: readonly Setting[]; said?: Said }): JSX.Element {
  return (
    <dl className="ts-facts ts-mono">
      {rows.map(([key, value]) => (
        <React.Fragment key={key}>
          <dt>{key}</dt>
          <dd data-key={key}>{said(key, value)}</dd>
        </React.Fragment>
      ))}
    </dl>
  );
}

/** Bytes and seconds with what a person would write beside them. */
function specWords(key: string, value: unknown): string {
  const words = exact(value);
  if (typeof value !== 'number') {
    return words;
  }
  if (key === 'memory' || key === 'gpu_memory') {
    return `${words} (${size(value)})`;
  }
  return key === 'time' || key === 'grace' ? `${words} (${duration(value)})` : words;
}
