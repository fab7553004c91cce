/** What one may wish of the curves of a panel: axis, smoothing, scale; and the way back from a zoom. */
import * as React from 'react';

import { say } from '../words';
import type { View } from './view';

interface Props {
  view: View;
  /** Metrics that may lie on the x axis. */
  keys: readonly string[];
  children?: React.ReactNode;
}

export function CurveTools({ view, keys, children }: Props): JSX.Element {
  const { wishes, change, zoom, setZoom } = view;
  const { axis, log, smooth } = wishes;
  const others = [...new Set([...keys, ...(axis === 'step' || axis === 'time' ? [] : [axis])])];
  return (
    <div className="ts-tools" role="toolbar" aria-label={say('How the curves are drawn')} data-trackside="curve-tools">
      <Smoothness value={smooth} change={value => change({ smooth: value })} />
      <label>
        <input
          type="checkbox"
          checked={log}
          data-trackside="log-scale"
          onChange={event => change({ log: event.target.checked })}
        />
        {say('log scale')}
      </label>
      <label>
        {say('x')}
        <select
          className="ts-input"
          value={axis}
          data-trackside="x-axis"
          onChange={event => change({ axis: event.target.value })}
        >
          <option value="step">{say('step')}</option>
          <option value="time">{say('time')}</option>
          {others.map(key => (
            <option key={key} value={key}>
              {key}
            </option>
          ))}
        </select>
      </label>
      {children}
      <span className="ts-space" />
      {zoom === null ? (
        <span className="ts-faint ts-optional">{say('Drag to zoom')}</span>
      ) : (
        <button type="button" className="ts-link" data-trackside="reset-zoom" onClick={() => setZoom(null)}>
          {say('Reset zoom')}
        </button>
      )}
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
        max={0.99}
        step={0.01}
        value={value}
        data-trackside="smooth"
        onChange={event => change(Number(event.target.value))}
      />
      <output>{value.toFixed(2)}</output>
    </label>
  );
}
