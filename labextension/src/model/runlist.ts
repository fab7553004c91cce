/** The runs that fit a query, however many: their number, and those near the part that one looks at. */
import type { Subscription } from '../api/live';
import { ApiError } from '../api/rest';
import type { Rest } from '../api/rest';
import type { RunInfo, RunPage } from '../api/types';
import { Cell } from './cell';
import type { Events } from './events';

export interface Listed {
  /** How many fit; null while that is not known. */
  readonly total: number | null;
  /** By place, counted from the oldest (0): a run that comes later changes no other's. */
  readonly rows: ReadonlyMap<number, RunInfo>;
  /** Those that stand above whatever is searched, newest first. */
  readonly pinned: readonly RunInfo[];
  /** What was wrong with the query, and what to write instead. */
  readonly problem: string;
}

export const PIN = 'pinned';
const NOTHING: Listed = { total: null, rows: new Map(), pinned: [], problem: '' };
const AROUND = 30;
const MOST_PINNED = 20;
const HELD = 3000;
const QUIET = 400;

export class RunList {
  readonly state = new Cell<Listed>(NOTHING);
  private query = '';
  private first = 0;
  private last = AROUND;
  private anew = true;
  private wanted = false;
  private reading = false;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly rest: Rest) {}

  /** Read now and whenever runs begin, end or change, until disposed. */
  follow(events: Events): Subscription {
    const listening = events.listen({
      onEvent: event => event.type !== 'queue' && this.soon(),
      onGap: () => this.soon()
    });
    this.soon(0);
    return {
      dispose: () => {
        listening.dispose();
        clearTimeout(this.timer ?? undefined);
        this.timer = null;
      }
    };
  }

  /** Search for others, from the newest on. */
  ask(query: string): void {
    if (query !== this.query) {
      this.query = query;
      [this.first, this.last] = [0, AROUND];
      clearTimeout(this.timer ?? undefined); // one is still typing
      this.timer = null;
      this.soon();
    }
  }

  /** Have the runs from one place of the list to another, the newest being 0. */
  look(first: number, last: number): void {
    [this.first, this.last] = [first, last];
    const { total, rows } = this.state.get();
    for (let index = first; total !== null && index < Math.min(last, total); index++) {
      if (!rows.has(total - 1 - index)) {
        void this.read();
        return;
      }
    }
  }

  /** Give a run other tags; the list says so when the server has. */
  async tag(run: RunInfo, tags: readonly string[]): Promise<void> {
    await this.rest.changeRun(run.id, { tags: [...new Set(tags)] });
    this.soon(0);
  }

  private soon(wait = QUIET): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.anew = true;
      void this.read();
    }, wait);
  }

  private async read(): Promise<void> {
    this.wanted = true;
    if (this.reading) {
      return;
    }
    this.reading = true;
    while (this.wanted) {
      this.wanted = false;
      await this.readOnce();
    }
    this.reading = false;
  }

  private async readOnce(): Promise<void> {
    const { query, anew } = this;
    this.anew = false;
    const offset = Math.max(0, this.first - AROUND);
    const limit = this.last + AROUND - offset;
    try {
      const [page, pinned] = await Promise.all([
        this.rest.runs({ query, offset, limit, total: 1 }),
        anew ? this.rest.runs({ query: `tag:${PIN}`, limit: MOST_PINNED }) : null
      ]);
      if (query === this.query) {
        this.state.update(before => taken(before, page, offset, anew, pinned?.runs));
      }
    } catch (error) {
      const problem = error instanceof ApiError ? `${error.message} ${error.hint}`.trim() : String(error);
      if (query === this.query) {
        this.state.update(before => ({ ...before, problem }));
      }
    }
  }
}

/** What is known after this page, which begins `offset` runs behind the newest. */
export function taken(before: Listed, page: RunPage, offset: number, anew: boolean, pinned = before.pinned): Listed {
  const total = page.total ?? page.runs.length; // an older server counts none, and passes none over
  const begin = anew || before.rows.size > HELD || total < (before.total ?? 0);
  const rows = new Map(begin ? [] : before.rows);
  page.runs.forEach((run, index) => rows.set(total - 1 - offset - index, run));
  return { total, rows, pinned, problem: '' };
}
