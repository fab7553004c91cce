/**
 * A window of a job's output: text in byte-positioned segments, and the lines a terminal would show for it.
 *
 * New text comes at the end, earlier text may be put before the start, and the start is given up when the window gets
 * too large. A line that was overwritten after `\r` (a progress bar) is one line.
 */
import { PLAIN, pieces } from './ansi';
import type { Look, Piece } from './ansi';

export type Line = readonly Piece[];

interface Segment {
  readonly offset: number;
  readonly next: number;
  readonly text: string;
}

const LONGEST_LINE = 20_000;
const LINE_COST = 24;

export class LogBuffer {
  private segments: Segment[] = [];
  private whole: Line[] = [];
  private characters = 0;
  /** The line that has no newline yet, and the look before it. */
  private open = '';
  private look: Look = PLAIN;

  /** Byte at which the window begins. */
  get start(): number {
    return this.segments[0]?.offset ?? 0;
  }

  /** Byte after the window. */
  get end(): number {
    return this.segments[this.segments.length - 1]?.next ?? 0;
  }

  /** What is held, in characters; a line costs something by itself. */
  get length(): number {
    return this.characters + LINE_COST * this.whole.length;
  }

  get lineCount(): number {
    return this.whole.length + (this.open ? 1 : 0);
  }

  line(index: number): Line {
    return this.whole[index] ?? shown(this.open, this.look).line;
  }

  /** Index of the line that holds a byte; -1 for a byte outside of the window. */
  lineAt(offset: number): number {
    let line = 0;
    for (const { offset: start, next, text } of this.segments) {
      if (offset >= start && offset < next) {
        const before = new TextDecoder().decode(new TextEncoder().encode(text).subarray(0, offset - start));
        return line + breaks(before);
      }
      line += breaks(text);
    }
    return -1;
  }

  append(offset: number, next: number, text: string): void {
    this.segments.push({ offset, next, text });
    this.characters += text.length;
    this.read(text);
  }

  /** Put text before the window; it must end where the window begins. */
  prepend(offset: number, next: number, text: string): void {
    this.segments.unshift({ offset, next, text });
    if (text.endsWith('\n')) {
      const earlier = new LogBuffer();
      earlier.read(text);
      this.whole = [...earlier.whole, ...this.whole];
      this.characters += text.length;
    } else {
      this.readAnew();
    }
  }

  clear(): void {
    this.segments = [];
    this.readAnew();
  }

  /** Give up the oldest text when more than `most` is held, down to about half of that. */
  bound(most: number): boolean {
    const share = most / 2 / this.length;
    if (share >= 0.5) {
      return false;
    }
    const keep = this.characters * share;
    while (this.segments.length > 1 && this.characters > keep) {
      this.characters -= this.segments.shift()?.text.length ?? 0;
    }
    this.readAnew();
    return true;
  }

  /** Give up the newest text when more than `most` is held: somebody reads far before the end. */
  boundEnd(most: number): boolean {
    if (this.length <= most) {
      return false;
    }
    const keep = this.characters * (most / this.length) * 0.75;
    while (this.segments.length > 1 && this.characters > keep) {
      this.characters -= this.segments.pop()?.text.length ?? 0;
    }
    this.readAnew();
    return true;
  }

  private readAnew(): void {
    this.whole = [];
    this.open = '';
    this.look = PLAIN;
    this.characters = 0;
    for (const { text } of this.segments) {
      this.characters += text.length;
      this.read(text);
    }
  }

  private read(text: string): void {
    const parts = text.split('\n');
    parts[0] = this.open + (parts[0] ?? '');
    this.open = parts.pop() ?? '';
    for (const part of parts) {
      const { line, look } = shown(part, this.look);
      this.whole.push(line);
      this.look = look;
    }
    this.settle();
  }

  /** Forget what the open line has overwritten already, so that a long progress bar stays short. */
  private settle(): void {
    const cut = lastReturn(this.open);
    if (cut > 0) {
      this.look = pieces(this.open.slice(0, cut), this.look).look;
      this.open = this.open.slice(cut);
    }
  }
}

function breaks(text: string): number {
  return text.split('\n').length - 1;
}

/** What a terminal shows of one line, and the look after it. */
function shown(text: string, look: Look): { line: Line; look: Look } {
  const cut = lastReturn(text);
  const before = cut > 0 ? pieces(text.slice(0, cut), look).look : look;
  const visible = text.slice(cut).replace(/\r+$/, '');
  const clipped = visible.length > LONGEST_LINE ? `${visible.slice(0, LONGEST_LINE)}…` : visible;
  const found = pieces(clipped, before);
  return { line: found.pieces, look: found.look };
}

/** Index after the last `\r` that something follows; 0 when there is none. */
function lastReturn(text: string): number {
  let end = text.length;
  while (end > 0 && text[end - 1] === '\r') {
    end -= 1;
  }
  return end === 0 ? 0 : text.lastIndexOf('\r', end - 1) + 1;
}

/**
 * The text of the whole lines in `bytes`; a piece that holds the end of one long line only is taken as it is. Of a piece
 * that touches a part which is no longer kept, one line in place of that part and what comes after it.
 */
export function wholeLines(
  bytes: Uint8Array,
  offset: number,
  gap: { readonly start: number; readonly end: number } | null = null,
  notKept: (size: number) => string = String
): { offset: number; text: string } {
  if (gap !== null) {
    const after = new TextDecoder().decode(bytes.subarray(Math.max(0, gap.end - offset)));
    return { offset: gap.start, text: `${notKept(gap.end - gap.start)}\n${after}` };
  }
  const skip = offset === 0 ? 0 : bytes.subarray(0, -1).indexOf(10) + 1;
  return { offset: offset + skip, text: new TextDecoder().decode(bytes.subarray(skip)) };
}
