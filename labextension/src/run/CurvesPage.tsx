/** All curves of a run, with what one may wish of them and a filter. */
import * as React from 'react';

import type { RunModel } from '../model/run';
import { say } from '../words';
import { CurveTools } from './CurveTools';
import { CurveSections } from './CurveSections';
import { useFrame, useHere } from './surroundings';
import { useView } from './view';

export function CurvesPage({ model }: { model: RunModel }): JSX.Element {
  const { trackside } = useHere();
  const [filter, setFilter] = React.useState('');
  const view = useView(model.id);
  useFrame(model.metrics(view.wishes.axis).version);
  return (
    <div className="ts-page">
      <CurveTools view={view} keys={model.metrics(view.wishes.axis).curves.keys}>
        <input
          className="ts-input"
          type="search"
          value={filter}
          placeholder={say('Filter metrics')}
          aria-label={say('Filter metrics')}
          onChange={event => setFilter(event.target.value)}
        />
        <a
          className="ts-link"
          href={trackside.rest.fileUrl(model.id, 'metrics.jsonl', 'run')}
          download={`${model.id}-metrics.jsonl`}
          data-trackside="metrics-download"
        >
          {say('Download')}
        </a>
      </CurveTools>
      <CurveSections
        model={model}
        view={view}
        filter={filter}
        empty={
          <p className="ts-note ts-flush">
            {filter ? say('No metric has this in its name.') : say('No metrics yet. In the cell:')}{' '}
            {!filter && <code>{'trackside.log({"loss": loss}, step=step)'}</code>}
          </p>
        }
      />
    </div>
  );
}
