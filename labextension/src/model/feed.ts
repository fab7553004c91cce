/** The live parts of one run, fed while somebody watches: its curves and its log. */
import type { Live, Subscription } from '../api/live';
import type { Rest } from '../api/rest';
import type { Fields, Job, Progress, ServerMessage } from '../api/types';
import { Cell } from './cell';
import { LogBuffer, wholeLines } from './log';
import { records } from './records';
import { Curves } from './series';
import type { Axis } from './series';

/** How far a run is; null when what is known is of an attempt before the one that runs. */
export function currentProgress(progress: Progress | null, job: Job | null): Progress | null {
  const [told, started] = [Date.parse(progress?.at ?? ''), Date.parse(job?.started_at ?? '')];
  return told < started ? null : progress;
}

/** Counts watchers; the feed runs while there is one. */
export abstract class Feed {
  /** Rises whenever there is something new to see. */
  readonly version = new Cell(0);
  readonly problem = new Cell<string>('');
  protected subscription: Subscription | null = null;
  private watchers = 0;

  watch(): Subscription {
    this.watchers += 1;
    if (this.watchers === 1) {
      this.resume();
    }
    let over = false;
    return {
      dispose: () => {
        if (!over) {
          over = true;
          this.watchers -= 1;
          if (this.watchers === 0) {
            this.subscription?.dispose();
            this.subscription = null;
          }
        }
      }
    };
  }

  get watched(): boolean {
    return this.watchers > 0;
  }

  /** Go on where it stopped, as after the first watcher came or the run began anew. */
  abstract resume(): void;

  protected changed(): void {
    this.version.update(version => version + 1);
  }

  protected ended(message: ServerMessage): void {
    if (message.type === 'done' || message.type === 'error') {
      this.subscription = null;
      this.problem.set(message.type === 'error' ? message.message : '');
      this.changed();
    }
  }
}

/** History by REST, downsampled to what a screen shows; then every record by the stream, from exactly there on. */
export class MetricsFeed extends Feed {
  curves: Curves;
  readonly progress = new Cell<Progress | null>(null);
  /** The newest records, as they were logged; kept once `readTail` was called. */
  tail: readonly Fields[] | null = null;
  private next: number | null = null;
  private loading = false;
  private asked = 0;

  constructor(
    private readonly runId: string,
    axis: Axis,
    private readonly rest: Rest,
    private readonly live: Live
  ) {
    super();
    this.curves = new Curves(axis);
  }

  resume(): void {
    if (this.subscription === null && !this.loading) {
      void this.begin();
    }
  }

  private async begin(): Promise<void> {
    this.loading = true;
    try {
      if (this.next === null) {
        const metrics = await this.rest.metrics(this.runId, { x: this.curves.axis, max_points: 2000 });
        this.curves.load(metrics);
        this.next = metrics.next;
        this.changed();
      }
    } catch (error) {
      this.problem.set(error instanceof Error ? error.message : String(error));
      return;
    } finally {
      this.loading = false;
    }
    if (this.watched && this.subscription === null) {
      const request = { channel: 'metrics', run: this.runId, since: this.next } as const;
      this.subscription = this.live.subscribe(request, message => this.receive(message));
    }
  }

  /** Ask for more points between two places of the axis, where there are more than came. */
  async look(low: number, high: number): Promise<void> {
    const asked = (this.asked += 1);
    if (!this.curves.thinned) {
      return;
    }
    try {
      const query = { x: this.curves.axis, max_points: 2000, between: `${low},${high}` };
      const metrics = await this.rest.metrics(this.runId, query);
      if (asked === this.asked) {
        this.curves.loadDetail(metrics, low, high);
        this.changed();
      }
    } catch {
      return; // what is there stays to be seen
    }
  }

  /** Read the newest records, and keep them from now on. */
  async readTail(): Promise<void> {
    if (this.next === null || this.tail !== null) {
      return;
    }
    this.tail = [];
    const offset = Math.max(0, this.next - TAIL_BYTES);
    const limit = this.next - offset;
    const bytes = limit === 0 ? null : await this.piece(offset, limit);
    if (bytes !== null) {
      const text = new TextDecoder().decode(bytes);
      const whole = offset === 0 ? text : text.slice(text.indexOf('\n') + 1);
      this.tail = [...records(whole), ...this.tail].slice(-TAIL_RECORDS);
      this.changed();
    }
  }

  private async piece(offset: number, limit: number): Promise<Uint8Array | null> {
    try {
      return await this.rest.file(this.runId, 'metrics.jsonl', 'run', { offset, limit });
    } catch {
      this.tail = null; // the next look tries again
      return null;
    }
  }

  private receive(message: ServerMessage): void {
    if (message.type === 'metrics') {
      this.curves.append(message.records as Fields[]);
      this.tail = this.tail && [...this.tail, ...(message.records as Fields[])].slice(-TAIL_RECORDS);
      this.next = message.next;
      this.changed();
    } else if (message.type === 'progress') {
      const { i, total, rate, label, part, at } = message;
      this.progress.set({ i, total, rate, label, part, at });
    } else if (message.type === 'truncated') {
      this.curves = new Curves(this.curves.axis);
      this.tail = this.tail && [];
      this.next = 0;
      this.changed();
    }
    this.ended(message);
  }
}

const TAIL_LINES = 400;
const TAIL_BYTES = 256 * 1024;
const TAIL_RECORDS = 2000;
const PIECE = 128 * 1024;
const MOST = 4_000_000;
const MOST_READING = 12_000_000;

/**
 * A window of a job's log. At the end it grows and forgets its start; somebody who reads further up gets earlier parts,
 * and when that is too much to hold, the window lets go of the end until one goes back there.
 */
export class LogFeed extends Feed {
  readonly buffer = new LogBuffer();
  /** Whether all of a finished log has been seen. */
  readonly whole = new Cell(false);
  private next: number | null = null;
  private reading: Promise<boolean> | null = null;
  private following = true;
  private detached = false;

  constructor(
    private readonly runId: string,
    private readonly rest: Rest,
    private readonly live: Live
  ) {
    super();
  }

  /** Whether the window holds the end of the log; else one reads far before it. */
  get hasEnd(): boolean {
    return !this.detached;
  }

  resume(): void {
    if (this.subscription === null && !this.detached) {
      this.whole.set(false);
      const position = this.next === null ? { tail: TAIL_LINES } : { since: this.next };
      const request = { channel: 'log', run: this.runId, ...position } as const;
      this.subscription = this.live.subscribe(request, message => this.receive(message));
    }
  }

  /** Say whether the end is looked at; back there, the window is at the end again. */
  follow(following: boolean): void {
    this.following = following;
    if (following && this.detached) {
      this.detached = false;
      this.next = null;
      this.buffer.clear();
      this.changed();
      this.resume();
    }
  }

  /** Read the piece before the window; answers whether something came. `notKept` words what the log has lost. */
  async readEarlier(notKept?: (size: number) => string): Promise<boolean> {
    const before = this.buffer.start;
    if (this.reading !== null || before === 0) {
      return false;
    }
    return this.read(async () => {
      const offset = Math.max(0, before - PIECE);
      const { bytes, gap } = await this.rest.log(this.runId, offset, before - offset);
      const piece = wholeLines(bytes, offset, gap, notKept);
      if (this.buffer.start === before) {
        this.buffer.prepend(piece.offset, before, piece.text);
        this.letGo();
        this.changed();
      }
    });
  }

  /** Read the piece after a window that has let go of the end, until it is at the end again. */
  async readLater(): Promise<void> {
    const { end } = this.buffer;
    if (this.reading !== null || !this.detached) {
      return;
    }
    await this.read(async () => {
      const { bytes, next } = await this.rest.log(this.runId, end, PIECE);
      if (!this.detached || this.buffer.end !== end) {
        return;
      }
      if (bytes.length > 0) {
        this.buffer.append(end, next, new TextDecoder().decode(bytes));
        this.buffer.bound(MOST_READING);
        this.changed();
      } else {
        this.detached = false;
        this.next = end;
        this.resume();
      }
    });
  }

  /** Bring the part around a byte into the window; answers the line that holds it, -1 when it could not be read. */
  async show(offset: number, notKept?: (size: number) => string): Promise<number> {
    this.following = false;
    if (this.buffer.lineAt(offset) < 0) {
      const from = Math.max(0, offset - PIECE / 2);
      await this.reading;
      await this.read(async () => {
        const { bytes, next, gap } = await this.rest.log(this.runId, from, PIECE);
        const piece = wholeLines(bytes, from, gap, notKept);
        this.detach();
        this.buffer.clear();
        this.buffer.append(piece.offset, next, piece.text);
        this.changed();
      });
    }
    return this.buffer.lineAt(offset);
  }

  /** One reading after the other; answers whether it went well, else tells what went wrong. */
  private async read(piece: () => Promise<void>): Promise<boolean> {
    const reading = piece().then(
      () => true,
      (error: unknown) => {
        this.problem.set(error instanceof Error ? error.message : String(error));
        return false;
      }
    );
    this.reading = reading;
    const well = await reading;
    this.reading = null;
    return well;
  }

  private letGo(): void {
    if (!this.following && this.buffer.boundEnd(MOST_READING)) {
      this.detach();
    }
  }

  private detach(): void {
    this.detached = true;
    this.subscription?.dispose();
    this.subscription = null;
  }

  private receive(message: ServerMessage): void {
    if (message.type === 'log') {
      this.buffer.append(message.offset, message.next, message.text);
      this.next = message.next;
      if (this.following) {
        this.buffer.bound(MOST);
      }
      this.letGo();
      this.changed();
    } else if (message.type === 'truncated') {
      this.buffer.clear();
      this.next = 0;
      this.changed();
    } else if (message.type === 'done') {
      this.whole.set(true);
    }
    this.ended(message);
  }
}
