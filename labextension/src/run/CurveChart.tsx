/** One chart with its legend: a value for each line, at the cursor or the latest. */
import * as React from 'react';

import { Chart } from '../charts/chart';
import type { ChartOptions, Line } from '../charts/chart';
import type { Points } from '../model/decimate';
import type { Axis, Curve } from '../model/series';
import { smooth } from '../model/smooth';
import { count, moment, number, say } from '../words';
import { LegendItem } from './LegendItem';
import type { View } from './view';

export interface Source {
  /** What the line is hidden and pointed at by. */
  readonly id: string;
  readonly label: string;
  readonly color: number;
  readonly curve: Curve;
}

export interface ChartLook {
  readonly axis: Axis;
  readonly smooth: number;
  readonly log: boolean;
  /** Only that many last points. */
  readonly last: number | null;
  readonly sync?: string;
  /** How the charts of the panel are looked at together. */
  readonly view?: View;
}

interface Props {
  name: string;
  /** Stands before the lines' own names. */
  title?: string;
  sources: readonly Source[];
  look: ChartLook;
  /** Rises when the curves have grown. */
  version: number;
  /** Words at the right, instead of how the curve is drawn. */
  corner?: string;
  /** How values are written and drawn, where they are no plain numbers. */
  drawn?: Pick<ChartOptions, 'mark' | 'format' | 'include' | 'bytes'>;
  /** The legend names no lines, as where a table beside it does. */
  bare?: boolean;
}

export function CurveChart(props: Props): JSX.Element {
  const { name, sources, look, version, corner, drawn = {} } = props;
  const host = React.useRef<HTMLDivElement>(null);
  const chart = React.useRef<Chart | null>(null);
  const [cursor, setCursor] = React.useState<number | null>(null);
  React.useEffect(() => {
    if (host.current === null) {
      return;
    }
    chart.current = new Chart(host.current);
    return () => chart.current?.dispose();
  }, []);
  const labels = sources.map(source => source.label).join('\n');
  const { zoom = null, lit = null, wishes } = look.view ?? {};
  const hidden = wishes?.hidden.join('\n');
  React.useEffect(() => {
    const { axis, log, sync, view } = look;
    const shared = view === undefined ? {} : { zoom, onZoom: view.setZoom };
    const options = { time: axis === 'time', log, sync, onCursor: setCursor, ...shared, ...drawn };
    chart.current?.show(linesOf(sources, look), options);
  }, [version, labels, hidden, lit, zoom, look.axis, look.smooth, look.log, look.last, drawn.mark]);
  const closer = zoom === null ? 0 : sources.filter(({ curve }) => curve.hasDetail(...zoom)).length;
  const total = sources.reduce((sum, source) => sum + source.curve.count, 0);
  const last = sources[0]?.curve.last;
  return (
    <figure
      className="ts-curve"
      data-trackside="curve"
      data-key={name}
      data-points={total}
      data-closer={closer}
      data-last={last ?? ''}
      data-drawn={drawnWords(look)}
      aria-label={`${name}: ${number(last)}, ${count('%1 point', '%1 points', total)}`}
    >
      <figcaption>
        <Legend {...props} cursor={cursor} />
        <span className="ts-corner">
          {cursor === null ? (corner ?? cornerWords(sources, look)) : cursorWords(cursor, look)}
        </span>
      </figcaption>
      <div className="ts-plot" ref={host} />
    </figure>
  );
}

function Legend(props: Props & { cursor: number | null }): JSX.Element {
  const { name, title = '', bare = false, sources, look, drawn, cursor } = props;
  const named = bare ? name : title;
  const listed = bare ? (cursor === null ? [] : sources) : sources;
  const alone = sources.length === 1 && !bare;
  return (
    <span className="ts-legend">
      {named && <span className={bare ? undefined : 'ts-faint'}>{named}</span>}
      {listed.map(({ id, label, color, curve }) => (
        <LegendItem key={id} id={id} color={color} view={alone ? undefined : look.view} dash={label !== '' || !alone}>
          {bare ? '' : label} <b>{valueWords(valueAt(curve, cursor), drawn?.format)}</b>
        </LegendItem>
      ))}
    </span>
  );
}

function linesOf(sources: readonly Source[], look: ChartLook): Line[] {
  const { zoom = null, lit = null, wishes } = look.view ?? {};
  const seen = sources.filter(({ id }) => !wishes?.hidden.includes(id));
  const lights = seen.some(({ id }) => id === lit);
  return seen.flatMap(({ id, label, color, curve }) => {
    const points = tail(zoom === null ? curve.sorted() : curve.between(...zoom), look.last);
    const line = { label, color, pale: lights && id !== lit };
    if (look.smooth <= 0) {
      return [{ ...line, points }];
    }
    return [
      { ...line, label: `${label} `, points, faint: true },
      { ...line, points: smooth(points, look.smooth) }
    ];
  });
}

function tail(points: Points, last: number | null): Points {
  if (last === null || points.length <= last) {
    return points;
  }
  const cut = (values: ArrayLike<number>) =>
    Array.prototype.slice.call(values, points.length - last, points.length) as number[];
  return { x: cut(points.x), y: cut(points.y), length: last };
}

/** The value at the place nearest to the cursor, or the latest. */
function valueAt(curve: Curve, x: number | null): number | null {
  if (x === null || curve.length === 0) {
    return curve.last;
  }
  let [low, high] = [0, curve.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((curve.x[middle] ?? 0) < x) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return curve.y[low] ?? null;
}

function valueWords(value: number | null, format?: (value: number) => string): string {
  return format !== undefined && value !== null && Number.isFinite(value) ? format(value) : number(value);
}

function cursorWords(x: number, look: ChartLook): string {
  return look.axis === 'time' ? moment(new Date(x * 1000).toISOString(), Date.now()) : say('step %1', number(x));
}

function cornerWords(sources: readonly Source[], look: ChartLook): string {
  const broken = sources.find(source => source.curve.broken !== null)?.curve.broken;
  if (broken) {
    const where = look.axis === 'time' ? moment(new Date(broken.x * 1000).toISOString(), Date.now()) : number(broken.x);
    return say('%1 at %2', number(broken.value), where);
  }
  return look.view === undefined ? drawnWords(look) : ''; // else the tools above the charts say it
}

function drawnWords(look: ChartLook): string {
  const how = [look.smooth > 0 ? say('smooth %1', look.smooth) : '', look.log ? say('log') : ''];
  return how.filter(Boolean).join(' · ');
}
