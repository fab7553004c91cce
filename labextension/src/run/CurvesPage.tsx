/** All curves of a run, with what one may wish of them: axis, smoothing, scale, a filter. */
import * as React from 'react';

import type { RunModel } from '../model/run';
import type { Axis } from '../model/series';
import { say } from '../words';
import { RunCurves } from './RunCurves';
import { useHere } from './surroundings';

interface Wishes {
  readonly axis: Axis;
  readonly smooth: number;
  readonly log: boolean;
  readonly filter: string;
}

export function CurvesPage({ model }: { model: RunModel }): JSX.Element {
  const [wishes, setWishes] = React.useState<Wishes>({ axis: 'step', smooth: 0, log: false, filter: '' });
  return (
    <div className="ts-page">
      <CurveTools runId={model.id} wishes={wishes} change={part => setWishes(before => ({ ...before, ...part }))} />
      <RunCurves
        model={model}
        {...wishes}
        empty={
          <p className="ts-note ts-flush">
            {wishes.filter ? say('No metric has this in its name.') : say('No metrics yet. In the cell:')}{' '}
            {!wishes.filter && <code>{'trackside.log({"loss": loss}, step=step)'}</code>}
          </p>
        }
      />
    </div>
  );
}

function CurveTools(props: { runId: string; wishes: Wishes; change: (part: Partial<Wishes>) => void }): JSX.Element {
  const { runId, wishes, change } = props;
  const { trackside } = useHere();
  const { axis, smooth, log, filter } = wishes;
  return (
    <div className="ts-tools">
      <input
        className="ts-input"
        type="search"
        value={filter}
        placeholder={say('Filter metrics')}
        aria-label={say('Filter metrics')}
        onChange={event => change({ filter: event.target.value })}
      />
      <label>
        {say('x')}
        <select
          className="ts-input"
          value={axis}
          onChange={event => change({ axis: event.target.value === 'time' ? 'time' : 'step' })}
        >
          <option value="step">{say('step')}</option>
          <option value="time">{say('time')}</option>
        </select>
      </label>
      <Smoothness value={smooth} change={value => change({ smooth: value })} />
      <label>
        <input type="checkbox" checked={log} onChange={event => change({ log: event.target.checked })} />
        {say('log scale')}
      </label>
      <span className="ts-space" />
      <span className="ts-faint">{say('Drag to zoom, double-click for all')}</span>
      <a
        className="ts-link"
        href={trackside.rest.fileUrl(runId, 'metrics.jsonl', 'run')}
        download={`${runId}-metrics.jsonl`}
        data-trackside="metrics-download"
      >
        {say('Download')}
      </a>
    </div>
  );
}

function Smoothness({ value, change }: { value: number; change: (value: number) => void }): JSX.Element {
  return (
    <label>
      {say('smooth')}
      <input
        type="range"
        min={0}
        max={0.95}
        step={0.05}
        value={value}
        onChange={event => change(Number(event.target.value))}
      />
      <output>{value.toFixed(2)}</output>
    </label>
  );
}
