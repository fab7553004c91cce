/** Curves as a PNG that reads well on a light and on a dark page: what stays in the notebook when nothing is live. */
import { axisNumbers } from './ticks';

export interface PictureLine {
  readonly label: string;
  readonly color: number;
  readonly x: readonly number[];
  /** Null, and what is no finite number, leaves a gap. */
  readonly y: readonly (number | null)[];
}

export interface PictureChart {
  readonly title: string;
  readonly lines: readonly PictureLine[];
}

const MOST_BYTES = 200_000;
const MOST_CHARTS = 6;
const COLUMNS = 3;
const COLORS = ['#1e88e5', '#ef6c00', '#43a047', '#ab47bc', '#e53935', '#00acc1', '#8d6e63', '#c0a000'];
const INK = '#808080';
const GRID = '#80808040';
const [WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM] = [310, 190, 46, 26, 10, 24];
const [HEAD, FOOT] = [26, 20];

/** The picture in base64, of fewer than 200 kB; null when no chart has a point. */
export function drawPicture(title: string, note: string, charts: readonly PictureChart[]): string | null {
  const drawn = charts.filter(chart => rangeOf(chart) !== null);
  const left = drawn.slice(MOST_CHARTS).map(chart => chart.title);
  const said = left.length > 0 ? `${note} · not drawn: ${left.join(', ')}` : note;
  for (const scale of drawn.length > 0 ? [2, 1.4, 1, 0.7] : []) {
    const data = pngOf(title, said, drawn.slice(0, MOST_CHARTS), scale);
    if (data.length * 0.75 < MOST_BYTES) {
      return data;
    }
  }
  return null;
}

function pngOf(title: string, note: string, charts: readonly PictureChart[], scale: number): string {
  const columns = Math.min(COLUMNS, charts.length);
  const rows = Math.ceil(charts.length / columns);
  const canvas = document.createElement('canvas');
  canvas.width = columns * WIDTH * scale;
  canvas.height = (HEAD + rows * HEIGHT + FOOT) * scale;
  const pen = canvas.getContext('2d');
  if (pen === null) {
    throw new Error('This browser cannot draw.');
  }
  pen.scale(scale, scale);
  write(pen, title, LEFT, 17, 'bold 13px sans-serif', columns * WIDTH - LEFT - RIGHT);
  charts.forEach((chart, index) => {
    pen.save();
    pen.translate((index % columns) * WIDTH, HEAD + Math.floor(index / columns) * HEIGHT);
    drawChart(pen, chart);
    pen.restore();
  });
  write(pen, note, LEFT, HEAD + rows * HEIGHT + 13, '11px sans-serif', columns * WIDTH - LEFT - RIGHT);
  return canvas.toDataURL('image/png').split(',')[1] ?? '';
}

function write(pen: CanvasRenderingContext2D, text: string, x: number, y: number, font: string, room?: number): void {
  pen.font = font;
  pen.fillStyle = INK;
  pen.fillText(text, x, y, room);
}

interface Range {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
}

/** From the least to the greatest of what can be drawn; null when nothing can. */
function rangeOf({ lines }: PictureChart): Range | null {
  const [x, y]: [number[], number[]] = [[], []];
  for (const line of lines) {
    line.y.forEach((value, index) => {
      if (isNumber(value)) {
        x.push(line.x[index] ?? 0);
        y.push(value);
      }
    });
  }
  return x.length === 0 ? null : { x: wide(x), y: wide(y) };
}

function isNumber(value: number | null | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function wide(values: readonly number[]): [number, number] {
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  return low < high ? [low, high] : [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
}

function drawChart(pen: CanvasRenderingContext2D, chart: PictureChart): void {
  const range = rangeOf(chart);
  if (range === null) {
    return;
  }
  const x = (value: number) => LEFT + share(value, range.x) * (WIDTH - LEFT - RIGHT);
  const y = (value: number) => HEIGHT - BOTTOM - share(value, range.y) * (HEIGHT - TOP - BOTTOM);
  drawHead(pen, chart);
  drawAxes(pen, range, x, y);
  for (const line of chart.lines) {
    drawLine(pen, line, x, y);
  }
}

const share = (value: number, [low, high]: readonly [number, number]) => (value - low) / (high - low);

/** The title; where there are several lines, their names in their colors behind it. */
function drawHead(pen: CanvasRenderingContext2D, { title, lines }: PictureChart): void {
  write(pen, title, LEFT, 15, '12px sans-serif', WIDTH - LEFT - RIGHT);
  let at = LEFT + pen.measureText(title).width + 12;
  for (const line of lines.length > 1 ? lines : []) {
    const { width } = pen.measureText(line.label);
    if (at + width > WIDTH - RIGHT) {
      break;
    }
    pen.fillStyle = colorOf(line);
    pen.fillText(line.label, at, 15);
    at += width + 10;
  }
}

function drawAxes(
  pen: CanvasRenderingContext2D,
  range: Range,
  x: (value: number) => number,
  y: (value: number) => number
): void {
  const [across, up] = [steps(range.x, 4), steps(range.y, 4)];
  pen.font = '10px sans-serif';
  pen.fillStyle = INK;
  pen.strokeStyle = GRID;
  pen.lineWidth = 1;
  pen.textAlign = 'right';
  axisNumbers(up).forEach((text, index) => {
    const at = y(up[index] ?? 0);
    pen.fillText(text, LEFT - 5, at + 3);
    stroke(pen, [LEFT, at], [WIDTH - RIGHT, at]);
  });
  pen.textAlign = 'center';
  axisNumbers(across).forEach((text, index) => {
    const at = x(across[index] ?? 0);
    pen.fillText(text, Math.min(at, WIDTH - RIGHT - pen.measureText(text).width / 2), HEIGHT - BOTTOM + 14);
  });
  pen.textAlign = 'left';
}

function stroke(pen: CanvasRenderingContext2D, from: readonly [number, number], to: readonly [number, number]): void {
  pen.beginPath();
  pen.moveTo(...from);
  pen.lineTo(...to);
  pen.stroke();
}

/** Round numbers between two, about so many. */
function steps([low, high]: readonly [number, number], about: number): number[] {
  const raw = (high - low) / about;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 2.5, 5, 10].find(each => each * power >= raw) ?? 10);
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, index) => (first + index) * step);
}

function drawLine(
  pen: CanvasRenderingContext2D,
  line: PictureLine,
  x: (value: number) => number,
  y: (value: number) => number
): void {
  pen.strokeStyle = colorOf(line);
  pen.lineWidth = 1.5;
  pen.lineJoin = 'round';
  pen.beginPath();
  let open = false;
  line.y.forEach((value, index) => {
    if (!isNumber(value)) {
      open = false;
      return;
    }
    const at = [x(line.x[index] ?? 0), y(value)] as const;
    if (open) {
      pen.lineTo(...at);
    } else {
      pen.moveTo(...at);
      pen.lineTo(at[0] + 0.01, at[1]); // a point alone is seen too
    }
    open = true;
  });
  pen.stroke();
}

function colorOf({ color }: PictureLine): string {
  return COLORS[color % COLORS.length] ?? INK;
}
