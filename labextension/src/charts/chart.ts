/**
 * The one chart of Trackside: lines over a common x, decimated to what its width can show.
 *
 * It knows nothing of servers or panels. `show` may be called as often as one likes; it draws at most once a frame, and
 * only while it can be seen. Dragging zooms, a double click shows all again, the cursor tells its place.
 */
import uPlot from 'uplot';

import { decimate, joined } from '../model/decimate';
import type { Points, Shown } from '../model/decimate';
import { onFrame } from './frame';
import { onTheme, palette } from './palette';
import type { Palette } from './palette';
import { axisNumbers, timeValues } from './ticks';

/** Lines from which on they are one pixel wide: those are drawn twenty times faster where no GPU draws. */
const MANY = 8;

export interface Line {
  readonly label: string;
  /** Index into the palette. */
  readonly color: number;
  readonly points: Points;
  /** Drawn pale, behind its smoothed self. */
  readonly faint?: boolean;
  /** Steps back, because another one is pointed at. */
  readonly pale?: boolean;
}

export interface ChartOptions {
  readonly time?: boolean;
  readonly log?: boolean;
  /** A horizontal line, such as a limit. */
  readonly mark?: number;
  /** Values that the y axis must show, such as 0 and 100 for percent. */
  readonly include?: readonly number[];
  /** Whether the y values are bytes: the axis then has powers of two. */
  readonly bytes?: boolean;
  /** How the y axis writes its values. */
  readonly format?: (value: number) => string;
  /** Charts with the same key share their cursor. */
  readonly sync?: string;
  /** The part of the x axis that is shown; null: all of it. */
  readonly zoom?: readonly [number, number] | null;
  /** Hear what part one wants to see; without it the chart keeps that to itself. */
  readonly onZoom?: (zoom: readonly [number, number] | null) => void;
  /** Hear the x under the cursor; null when it left. */
  readonly onCursor?: (x: number | null) => void;
}

const Y_SIZE = 42;
const X_SIZE = 20;
/** Room for the half of the last number on the x axis. */
const RIGHT = 14;
/** Milliseconds after which a chart looks again whether it has room. */
const LAYOUT = 200;
/** Distances on an axis of bytes. */
const POWERS = Array.from({ length: 50 }, (_, power) => 2 ** power);
/** Distances between steps on the axis: there is no half step. */
const WHOLE = Array.from({ length: 13 }, (_, power) => [1, 2, 5].map(digit => digit * 10 ** power)).flat();

export class Chart {
  private plot: uPlot | null = null;
  private lines: readonly Line[] = [];
  private look: string = '';
  private zoom: readonly [number, number] | null = null;
  private visible = false;
  private readonly resize: ResizeObserver;
  private readonly sight: IntersectionObserver;
  private readonly endTheme: () => void;

  constructor(
    private readonly host: HTMLElement,
    private options: ChartOptions = {}
  ) {
    this.resize = new ResizeObserver(() => onFrame(this.draw));
    this.resize.observe(host);
    this.sight = new IntersectionObserver(entries => {
      this.visible = entries[entries.length - 1]?.isIntersecting ?? false;
      onFrame(this.draw);
    });
    this.sight.observe(host);
    this.endTheme = onTheme(() => {
      this.forget();
      onFrame(this.draw);
    });
  }

  /** Show these lines from the next frame on. */
  show(lines: readonly Line[], options: ChartOptions = this.options): void {
    this.lines = lines;
    this.options = options;
    onFrame(this.draw);
  }

  dispose(): void {
    this.resize.disconnect();
    this.sight.disconnect();
    this.endTheme();
    this.forget();
    this.lines = [];
    this.visible = false;
  }

  private forget(): void {
    this.plot?.destroy();
    this.plot = null;
  }

  private readonly draw = (): void => {
    const { clientWidth: width, clientHeight: height } = this.host;
    if (this.visible && width === 0) {
      setTimeout(() => onFrame(this.draw), LAYOUT); // a change of theme takes the layout away for a while
    }
    if (!this.visible || width < 40 || height < 30) {
      return;
    }
    const range = this.options.zoom ?? this.zoom ?? extent(this.lines);
    const columns = Math.max(20, width - Y_SIZE - RIGHT);
    const shown = this.lines.map(line => positive(decimate(line.points, range[0], range[1], columns), this.options));
    const data = joined(shown);
    const plot = this.ready(width, height);
    plot.batch(() => {
      if (plot.width !== width || plot.height !== height) {
        plot.setSize({ width, height });
      }
      plot.setData(data as uPlot.AlignedData, false);
      plot.setScale('x', { min: range[0], max: range[1] });
    });
  };

  /** The plot for these lines; a new one when what cannot be changed afterwards has changed. */
  private ready(width: number, height: number): uPlot {
    const { time, log, mark, sync } = this.options;
    const look = JSON.stringify([
      this.lines.map(line => [line.label, line.color, line.faint, line.pale, line.points.length < 2]),
      time,
      log,
      mark,
      sync
    ]);
    if (this.plot === null || look !== this.look) {
      this.forget();
      this.look = look;
      this.plot = new uPlot(this.settings(width, height, palette(this.host)), [[]], this.host);
    }
    return this.plot;
  }

  private settings(width: number, height: number, colors: Palette): uPlot.Options {
    const { time = false, log = false, bytes = false, sync, format } = this.options;
    const axis = { stroke: colors.text, font: colors.font, ticks: { show: false } };
    return {
      width,
      height,
      padding: [8, RIGHT, 0, 0],
      legend: { show: false },
      scales: {
        x: { time },
        y: { distr: log ? 3 : 1, range: log ? undefined : (_, least, greatest) => this.yRange(least, greatest) }
      },
      axes: [
        {
          ...axis,
          size: X_SIZE,
          gap: 4,
          space: 44,
          grid: { show: false },
          ...(time ? { values: timeValues } : { incrs: WHOLE })
        },
        {
          ...axis,
          size: Y_SIZE,
          gap: 4,
          space: 26,
          grid: { stroke: colors.grid, width: 1 },
          ...(bytes && { incrs: POWERS }),
          values: (_, splits) =>
            format ? splits.map(value => (value == null ? '' : format(value))) : axisNumbers(splits)
        }
      ],
      cursor: {
        y: false,
        points: { size: 6 },
        drag: { x: true, y: false, setScale: false },
        bind: { dblclick: () => () => (this.setZoom(null), null) },
        ...(sync !== undefined && { sync: { key: sync, setSeries: false } })
      },
      hooks: {
        setSelect: [plot => this.select(plot)],
        setCursor: [plot => this.tell(plot)],
        draw: [plot => this.drawMark(plot, colors)]
      },
      series: [{}, ...this.lines.map(line => seriesOf(line, colors, this.lines.length > MANY))]
    };
  }

  private yRange(least: number | null, greatest: number | null): [number, number] {
    const { mark, include = [] } = this.options;
    const near = mark !== undefined && (greatest ?? 0) > mark * 0.4 ? [mark] : [];
    const low = Math.min(least ?? 0, ...include, ...near);
    const high = Math.max(greatest ?? 1, ...include, ...near);
    if (low === high) {
      const room = Math.abs(low) * 0.1 || 1;
      return [low - room, high + room];
    }
    const room = (high - low) * 0.06;
    return [low === 0 ? 0 : low - room, high + room];
  }

  private select(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width > 4) {
      plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      this.setZoom([plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')]);
    }
  }

  private setZoom(zoom: readonly [number, number] | null): void {
    if (this.options.onZoom !== undefined) {
      this.options.onZoom(zoom);
    } else {
      this.zoom = zoom;
      onFrame(this.draw);
    }
  }

  private tell(plot: uPlot): void {
    const { idx, left } = plot.cursor;
    const x = idx == null || left === undefined || left < 0 ? null : (plot.data[0][idx] ?? null);
    this.options.onCursor?.(x);
  }

  private drawMark(plot: uPlot, colors: Palette): void {
    const { mark } = this.options;
    const { min, max } = plot.scales['y'] ?? {};
    if (mark === undefined || min == null || max == null || mark > max || mark < min) {
      return;
    }
    const y = plot.valToPos(mark, 'y', true);
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.strokeStyle = colors.mark;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }
}

function seriesOf(line: Line, colors: Palette, thin: boolean): uPlot.Series {
  const stroke = colors.lines[line.color % colors.lines.length];
  return {
    label: line.label,
    stroke,
    width: thin ? 1 / devicePixelRatio : line.faint ? 1 : 1.6,
    alpha: line.pale ? 0.15 : line.faint ? 0.3 : 1,
    spanGaps: false,
    points: { show: line.points.length < 2, size: 5, fill: stroke }
  };
}

/** The x range of all lines, never empty. */
function extent(lines: readonly Line[]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const { points } of lines) {
    if (points.length > 0) {
      low = Math.min(low, points.x[0] ?? low);
      high = Math.max(high, points.x[points.length - 1] ?? high);
    }
  }
  if (low > high) {
    return [0, 1];
  }
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}

/** A logarithmic axis has no place for values that are not above zero. */
function positive(shown: Shown, options: ChartOptions): Shown {
  return options.log ? { x: shown.x, y: shown.y.map(y => (y !== null && y > 0 ? y : null)) } : shown;
}
