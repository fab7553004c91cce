/** The machine now, and the machine as a run's own samples saw it. */
import type { Live, Subscription } from '../api/live';
import type { Rest } from '../api/rest';
import type { SystemSample } from '../api/types';
import { Cell } from './cell';
import { records } from './records';
import { Curves } from './series';

/** One sample for all who look at the machine; as often as the most curious of them asks. */
export class Machine {
  readonly sample = new Cell<SystemSample | null>(null);
  private readonly intervals = new Map<symbol, number>();
  private subscription: Subscription | null = null;
  private interval = 0;

  constructor(private readonly live: Live) {}

  /** Look every `interval` seconds until disposed. */
  watch(interval: number): Subscription {
    const watcher = Symbol();
    this.intervals.set(watcher, interval);
    this.adjust();
    return {
      dispose: () => {
        this.intervals.delete(watcher);
        this.adjust();
      }
    };
  }

  private adjust(): void {
    const wanted = this.intervals.size > 0 ? Math.min(...this.intervals.values()) : 0;
    if (wanted === this.interval) {
      return;
    }
    this.interval = wanted;
    this.subscription?.dispose();
    this.subscription =
      wanted === 0
        ? null
        : this.live.subscribe({ channel: 'system', interval: wanted }, message => {
            if (message.type === 'system') {
              this.sample.set(message.system);
            }
          });
  }
}

const FILE = 'system.jsonl';
const PIECE = 1 << 20;
const NEWLINE = 10;

/** The samples in a run's `system.jsonl`, read on where the last reading ended. */
export class SystemFeed {
  readonly version = new Cell(0);
  readonly curves = new Curves('time');
  private offset = 0;
  private reading = false;

  constructor(
    private readonly runId: string,
    private readonly rest: Rest
  ) {}

  /** Read what was written since; only whole lines are taken. */
  async read(): Promise<void> {
    if (this.reading) {
      return;
    }
    this.reading = true;
    try {
      for (let more = true; more;) {
        const from = { offset: this.offset, limit: PIECE };
        const bytes = await this.rest.file(this.runId, FILE, 'run', from);
        more = bytes !== null && this.take(bytes) && bytes.length === PIECE;
      }
    } finally {
      this.reading = false;
    }
  }

  /** The newest value of this name; null when there is none. */
  last(key: string): number | null {
    return this.curves.byKey.get(key)?.last ?? null;
  }

  private take(bytes: Uint8Array): boolean {
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    if (end === 0) {
      return false;
    }
    this.offset += end;
    this.curves.append(records(new TextDecoder().decode(bytes.subarray(0, end))));
    this.version.update(version => version + 1);
    return true;
  }
}
