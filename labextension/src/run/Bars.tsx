/** A histogram as bars; below them how the distribution moved over the steps, one column each. */
import * as React from 'react';

import type { MediaRecord } from '../api/types';
import { onTheme, palette } from '../charts/palette';
import { barsOf, chosen, spanOf } from '../model/histogram';
import type { Bar } from '../model/histogram';
import { number, say } from '../words';

const WIDTH = 240;
const HEIGHT = 100;
const COLUMNS = 120;
const ROWS = 128;

export function Bars({ record, records }: { record: MediaRecord; records: readonly MediaRecord[] }): JSX.Element {
  const span = spanOf(records);
  const bars = barsOf(record);
  if (span === null || bars.length === 0) {
    return <p className="ts-note ts-flush">{say('No finite values.')}</p>;
  }
  const [least, greatest] = span;
  const x = (value: number) => ((value - least) / (greatest - least)) * WIDTH;
  const zero = least < 0 && greatest > 0 ? x(0) : null;
  return (
    <div className="ts-hist" data-trackside="media-histogram" data-bins={bars.length}>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={said(record)}>
        {bars.map((bar, place) => (
          <BarShape key={place} bar={bar} x={x} />
        ))}
        {zero !== null && <line className="ts-zero" x1={zero} x2={zero} y1={0} y2={HEIGHT} />}
      </svg>
      <div className="ts-hist-axis">
        <span>{number(least)}</span>
        {zero !== null && zero > WIDTH * 0.2 && zero < WIDTH * 0.8 && (
          <span style={{ left: `${(zero / WIDTH) * 100}%` }}>0</span>
        )}
        <span>{number(greatest)}</span>
      </div>
      {records.length > 2 && <OverSteps records={records} current={record} span={span} />}
    </div>
  );
}

function BarShape({ bar, x }: { bar: Bar; x: (value: number) => number }): JSX.Element {
  const [left, right] = [x(bar.left), x(bar.right)];
  const gap = Math.min(1, (right - left) * 0.15);
  const height = bar.count > 0 ? Math.max(1, bar.share * HEIGHT) : 0;
  return (
    <rect x={left} width={Math.max(0.4, right - left - gap)} y={HEIGHT - height} height={height}>
      <title>{say('%1 to %2: %3', number(bar.left), number(bar.right), number(bar.count))}</title>
    </rect>
  );
}

function said(record: MediaRecord): string {
  return say('%1: %2 values from %3 to %4', record.key, record.count ?? 0, number(record.low), number(record.high));
}

interface OverStepsProps {
  records: readonly MediaRecord[];
  current: MediaRecord;
  span: readonly [number, number];
}

/** Time goes to the right, values up, and the more there were the darker it is; the step shown above is marked. */
function OverSteps({ records, current, span }: OverStepsProps): JSX.Element {
  const canvas = React.useRef<HTMLCanvasElement>(null);
  const columns = Math.min(COLUMNS, records.length);
  React.useEffect(() => {
    const draw = () => canvas.current && paint(canvas.current, chosen(records, columns), span);
    draw();
    return onTheme(draw);
  }, [records.length, records[0], span[0], span[1]]);
  const share = 100 / columns;
  const place = (records.indexOf(current) / Math.max(1, records.length - 1)) * (100 - share);
  return (
    <div className="ts-oversteps" title={say('How it moved over the steps')} data-columns={columns}>
      <canvas ref={canvas} role="img" aria-label={say('%1 over its steps', current.key)} />
      <i style={{ left: `${place}%`, width: `${share}%` }} />
    </div>
  );
}

function paint(
  canvas: HTMLCanvasElement,
  columns: readonly MediaRecord[],
  [least, greatest]: readonly [number, number]
) {
  const context = canvas.getContext('2d');
  if (context === null) {
    return;
  }
  canvas.width = columns.length * 4;
  canvas.height = ROWS;
  context.fillStyle = palette(canvas.parentElement ?? canvas).lines[0] ?? 'gray';
  const y = (value: number) => ROWS - ((value - least) / (greatest - least)) * ROWS;
  columns.forEach((record, column) => {
    for (const bar of barsOf(record)) {
      context.globalAlpha = bar.count > 0 ? 0.1 + 0.9 * Math.sqrt(bar.share) : 0;
      const [top, bottom] = [Math.floor(y(bar.right)), Math.ceil(y(bar.left))];
      context.fillRect(column * 4, top, 4, Math.max(1, bottom - top));
    }
  });
}
