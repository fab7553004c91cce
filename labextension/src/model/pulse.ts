/** How far the running jobs are and their latest values, for a list: the newest of each, no history. */
import type { Live, Subscription } from '../api/live';
import type { Rest } from '../api/rest';
import type { Fields, Job, Progress, ServerMessage } from '../api/types';
import { Cell } from './cell';
import { group } from './groups';
import { numeric, OWN } from './series';

export interface Beat {
  readonly progress: Progress | null;
  /** The metric that says most, with its latest value. */
  readonly metric: { readonly key: string; readonly value: number } | null;
}

const MOST = 12;

/** Follows at most a dozen running jobs while a list shows them. */
export class Pulse {
  readonly beats = new Cell<ReadonlyMap<string, Beat>>(new Map());
  private readonly followed = new Map<string, Subscription | null>();

  constructor(
    private readonly rest: Rest,
    private readonly live: Live
  ) {}

  /** Follow these jobs and no others. */
  follow(running: readonly Job[]): void {
    const wanted = new Set(running.slice(0, MOST).map(job => job.run_id));
    for (const [id, subscription] of this.followed) {
      if (!wanted.has(id)) {
        subscription?.dispose();
        this.followed.delete(id);
        this.beats.update(beats => new Map([...beats].filter(([run]) => run !== id)));
      }
    }
    for (const id of wanted) {
      if (!this.followed.has(id)) {
        this.followed.set(id, null);
        void this.begin(id);
      }
    }
  }

  private async begin(id: string): Promise<void> {
    await this.live.whenShown();
    if (this.followed.get(id) !== null) {
      return; // it ended before somebody looked
    }
    let since = 0;
    try {
      const metrics = await this.rest.metrics(id, { max_points: 4 });
      since = metrics.next;
      const latest = Object.entries(metrics.series).map(([key, series]) => [key, series.last] as const);
      this.note(id, Object.fromEntries(latest));
    } catch {
      since = 0; // no metrics yet: everything is still to come
    }
    if (this.followed.get(id) === null) {
      const request = { channel: 'metrics', run: id, since } as const;
      this.followed.set(
        id,
        this.live.subscribe(request, message => this.receive(id, message))
      );
    }
  }

  private receive(id: string, message: ServerMessage): void {
    if (message.type === 'progress') {
      const { i, total, rate, label, part, at } = message;
      this.set(id, { progress: { i, total, rate, label, part, at } });
    } else if (message.type === 'metrics') {
      const last = message.records[message.records.length - 1];
      this.note(id, (last ?? {}) as Fields);
    }
  }

  private note(id: string, record: Fields): void {
    const keys = Object.keys(record).filter(key => !OWN.has(key) && numeric(record[key]) !== null);
    const held = this.beats.get().get(id)?.metric?.key;
    const key = held !== undefined && keys.includes(held) ? held : group(keys)[0]?.keys[0];
    if (key !== undefined) {
      this.set(id, { metric: { key, value: numeric(record[key]) ?? Number.NaN } });
    }
  }

  private set(id: string, part: Partial<Beat>): void {
    this.beats.update(beats => {
      const before = beats.get(id) ?? { progress: null, metric: null };
      return new Map(beats).set(id, { ...before, ...part });
    });
  }
}
