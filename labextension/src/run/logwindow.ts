/**
 * A log of any length in a small window: only the lines that can be seen stand in the document.
 *
 * It follows the end until somebody scrolls up; near the top it asks for what came before. Rows are kept while they
 * stay in sight, so that a selection survives new lines.
 */
import type { Look } from '../model/ansi';
import type { Line, LogBuffer } from '../model/log';
import { splitAt } from '../model/search';
import type { Part } from '../model/search';

export interface LogWindowOptions {
  /** The end came into sight, or went out of it. */
  readonly onFollow: (following: boolean) => void;
  /** The start came into sight. */
  readonly onTop: () => void;
  /** The end of what is held came into sight; answers whether it is the end of the log. */
  readonly onBottom: () => boolean;
}

const ROOM = 20;

export class LogWindow {
  following = true;
  private readonly sizer = document.createElement('div');
  private readonly rows = new Map<number, { readonly element: HTMLElement; line: Line }>();
  private lineHeight = 0;
  private lines = 0;
  private start = 0;
  private marked: { line: number; readonly text: string } | null = null;
  private readonly resize: ResizeObserver;

  constructor(
    private readonly host: HTMLElement,
    private readonly buffer: LogBuffer,
    private readonly options: LogWindowOptions
  ) {
    this.sizer.className = 'ts-log-lines';
    host.appendChild(this.sizer);
    host.addEventListener('scroll', this.scrolled, { passive: true });
    host.addEventListener('keydown', this.pressed);
    this.resize = new ResizeObserver(() => this.render());
    this.resize.observe(host);
  }

  dispose(): void {
    this.resize.disconnect();
    this.host.removeEventListener('scroll', this.scrolled);
    this.host.removeEventListener('keydown', this.pressed);
    this.sizer.remove();
  }

  /** Go to the end and stay there. */
  follow(): void {
    this.setFollowing(true);
    this.render();
  }

  /** Put a line in the middle and mark a text in it, and wherever it is seen; -1: mark nothing any more. */
  mark(line: number, text: string): void {
    this.render();
    this.marked = line < 0 ? null : { line, text };
    this.sizer.replaceChildren();
    this.rows.clear();
    if (line >= 0) {
      this.setFollowing(false);
      this.host.scrollTop = Math.max(0, line * this.lineHeight - this.host.clientHeight / 2);
    }
    this.renderRows();
  }

  /** Show the buffer as it is now. */
  render(): void {
    if (this.host.clientHeight === 0) {
      return;
    }
    this.lineHeight ||= this.measure();
    const { lineCount, start } = this.buffer;
    if (start !== this.start || lineCount < this.lines) {
      this.keepPlace(lineCount, start);
    }
    this.lines = lineCount;
    this.start = start;
    this.sizer.style.height = `${lineCount * this.lineHeight}px`;
    if (this.following) {
      this.host.scrollTop = this.host.scrollHeight;
    }
    this.renderRows();
  }

  private renderRows(): void {
    const { scrollTop, clientHeight } = this.host;
    const first = Math.max(0, Math.floor(scrollTop / this.lineHeight) - ROOM);
    const last = Math.min(this.lines, Math.ceil((scrollTop + clientHeight) / this.lineHeight) + ROOM);
    for (const [index, row] of this.rows) {
      if (index < first || index >= last) {
        row.element.remove();
        this.rows.delete(index);
      }
    }
    for (let index = first; index < last; index++) {
      this.renderRow(index);
    }
  }

  private renderRow(index: number): void {
    const line = this.buffer.line(index);
    const known = this.rows.get(index);
    if (known !== undefined && (known.line === line || sameText(known.line, line))) {
      known.line = line;
      return;
    }
    const row = known?.element ?? document.createElement('div');
    row.className = index === this.marked?.line ? 'ts-log-line ts-log-hit' : 'ts-log-line';
    row.style.top = `${index * this.lineHeight}px`;
    row.replaceChildren(
      ...line.flatMap(({ text, look }) => splitAt(text, this.marked?.text ?? '').map(part => rendered(part, look)))
    );
    if (known === undefined) {
      this.sizer.insertBefore(row, this.after(index));
    }
    this.rows.set(index, { element: row, line });
  }

  /** The row before which this one stands, so that a copied text has its lines in order. */
  private after(index: number): HTMLElement | null {
    let next: number | null = null;
    for (const other of this.rows.keys()) {
      if (other > index && (next === null || other < next)) {
        next = other;
      }
    }
    return next === null ? null : (this.rows.get(next)?.element ?? null);
  }

  /** Lines came before the start or were given up there: what is in sight stays in sight. */
  private keepPlace(lineCount: number, start: number): void {
    this.sizer.replaceChildren();
    this.rows.clear();
    if (!this.following && start !== this.start) {
      const moved = lineCount - this.lines;
      this.sizer.style.height = `${lineCount * this.lineHeight}px`;
      this.host.scrollTop = Math.max(0, this.host.scrollTop + moved * this.lineHeight);
      if (this.marked !== null) {
        this.marked.line += moved;
      }
    }
  }

  private readonly scrolled = (): void => {
    const { scrollTop, scrollHeight, clientHeight } = this.host;
    if (clientHeight === 0) {
      return; // a change of theme takes the layout away for a while: nobody scrolled
    }
    const atBottom = scrollHeight - scrollTop - clientHeight < Math.max(4, this.lineHeight);
    this.setFollowing(atBottom && this.options.onBottom());
    if (scrollTop < clientHeight && !this.following) {
      this.options.onTop();
    }
    this.renderRows();
  };

  private readonly pressed = (event: KeyboardEvent): void => {
    if (event.key === 'End') {
      this.follow();
      event.preventDefault();
    } else if (event.key === 'Home') {
      this.setFollowing(false);
      this.host.scrollTop = 0;
      event.preventDefault();
    }
  };

  private setFollowing(following: boolean): void {
    if (following !== this.following) {
      this.following = following;
      this.options.onFollow(following);
    }
  }

  private measure(): number {
    const row = document.createElement('div');
    row.className = 'ts-log-line';
    row.textContent = 'M';
    this.sizer.appendChild(row);
    const { height } = row.getBoundingClientRect();
    row.remove();
    return height || 17;
  }
}

function sameText(a: Line, b: Line): boolean {
  return (
    a.length === b.length && a.every((piece, index) => piece.text === b[index]?.text && piece.look === b[index]?.look)
  );
}

function rendered({ text, hit }: Part, look: Look): Node {
  if (!hit && Object.keys(look).length === 0) {
    return document.createTextNode(text);
  }
  const span = document.createElement(hit ? 'mark' : 'span');
  span.textContent = text;
  paint(span, 'color', look.color);
  paint(span, 'backgroundColor', look.background);
  span.classList.toggle('ts-bold', look.bold ?? false);
  span.classList.toggle('ts-dim', look.dim ?? false);
  span.classList.toggle('ts-italic', look.italic ?? false);
  span.classList.toggle('ts-underline', look.underline ?? false);
  return span;
}

function paint(span: HTMLElement, what: 'color' | 'backgroundColor', color: string | undefined): void {
  if (color !== undefined) {
    span.style[what] = color.startsWith('c') ? `var(--ts-ansi-${color.slice(1)})` : color;
  }
}
