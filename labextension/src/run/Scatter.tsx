/** The compared runs as points: what they were given against what came of it. */
import * as React from 'react';

import { COLORS } from '../charts/palette';
import type { RunInfo } from '../api/types';
import type { RunRef } from '../model/bundle';
import { axesOf, axisValue, DURATION, firstAxes, scaleOf } from '../model/scatter';
import type { Scale } from '../model/scatter';
import { exact } from '../model/settings';
import { duration, number, say } from '../words';
import { useHere } from './surroundings';

interface Props {
  runs: readonly RunRef[];
  known: ReadonlyMap<string, RunInfo>;
}

export function Scatter({ runs, known }: Props): JSX.Element | null {
  const infos = runs.flatMap(run => known.get(run.runId) ?? []);
  const axes = axesOf(infos);
  const [chosen, choose] = React.useState<{ x?: string; y?: string }>({});
  const [logs, setLogs] = React.useState({ x: false, y: false });
  const [x, y] = [chosen.x ?? firstAxes(axes)[0], chosen.y ?? firstAxes(axes)[1]];
  if (axes.across.length === 0 || axes.up.length === 0 || x === '' || y === '') {
    return null;
  }
  return (
    <figure className="ts-scatter" data-trackside="scatter" data-x={x} data-y={y}>
      <div className="ts-tools">
        <Axis title={say('up')} name="y" columns={axes.up} value={y} log={logs.y} choose={choose} setLogs={setLogs} />
        <Axis
          title={say('across')}
          name="x"
          columns={axes.across}
          value={x}
          log={logs.x}
          choose={choose}
          setLogs={setLogs}
        />
      </div>
      <Plot runs={runs} known={known} x={x} y={y} logs={logs} />
    </figure>
  );
}

type Change<T> = (change: (before: T) => T) => void;

interface AxisProps {
  title: string;
  name: 'x' | 'y';
  columns: readonly string[];
  value: string;
  log: boolean;
  choose: Change<{ x?: string; y?: string }>;
  setLogs: Change<{ x: boolean; y: boolean }>;
}

function Axis({ title, name, columns, value, log, choose, setLogs }: AxisProps): JSX.Element {
  return (
    <>
      <label>
        {title}{' '}
        <select
          value={value}
          data-trackside={`scatter-${name}`}
          onChange={event => {
            const column = event.target.value;
            choose(before => ({ ...before, [name]: column }));
          }}
        >
          {columns.map(column => (
            <option key={column}>{column}</option>
          ))}
        </select>
      </label>
      <label>
        <input
          type="checkbox"
          checked={log}
          data-trackside={`scatter-log-${name}`}
          onChange={() => setLogs(before => ({ ...before, [name]: !before[name] }))}
        />
        {say('log scale')}
      </label>
    </>
  );
}

interface PlotProps extends Props {
  x: string;
  y: string;
  logs: { x: boolean; y: boolean };
}

function Plot({ runs, known, x, y, logs }: PlotProps): JSX.Element {
  const { actions } = useHere();
  const infos = [...known.values()];
  const scale = (column: string, log: boolean) =>
    scaleOf(
      infos.map(run => axisValue(run, column)),
      log,
      value => words(column, value)
    );
  const [across, up] = [scale(x, logs.x), scale(y, logs.y)];
  return (
    <div className="ts-scatter-plot">
      <Marks scale={up} side="y" />
      <div className="ts-scatter-field">
        {runs.map((run, index) => {
          const info = known.get(run.runId);
          const [left, bottom] = info ? [across.place(axisValue(info, x)), up.place(axisValue(info, y))] : [null, null];
          if (info === undefined || left === null || bottom === null) {
            return null;
          }
          const said = `${run.name}: ${x} ${words(x, axisValue(info, x))}, ${y} ${words(y, axisValue(info, y))}`;
          return (
            <button
              type="button"
              key={run.runId}
              className="ts-point"
              style={{
                left: `${left * 100}%`,
                bottom: `${bottom * 100}%`,
                background: `var(--ts-c${(index % COLORS) + 1})`
              }}
              title={said}
              aria-label={said}
              data-trackside="point"
              data-run-id={run.runId}
              onClick={() => actions.open(run.runId, run.name)}
            >
              <span className="ts-point-words">{said}</span>
            </button>
          );
        })}
      </div>
      <Marks scale={across} side="x" />
    </div>
  );
}

function Marks({ scale, side }: { scale: Scale; side: 'x' | 'y' }): JSX.Element {
  return (
    <div className={`ts-scatter-${side}`} aria-hidden="true">
      {scale.marks.map(({ at, words: said }, index) => (
        <span key={at} style={side === 'x' ? { left: `${at * 100}%` } : { bottom: `${at * 100}%` }}>
          {said === scale.marks[index - 1]?.words ? '' : said}
        </span>
      ))}
    </div>
  );
}

function words(column: string, value: unknown): string {
  return typeof value === 'number' ? (column === DURATION ? duration(value) : number(value)) : exact(value);
}
