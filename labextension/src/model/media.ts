/** The media of one run by key: the newest at first, then each piece as it comes, earlier ones on demand. */
import type { Live } from '../api/live';
import type { Rest } from '../api/rest';
import type { MediaKind, MediaPage, MediaRecord, ServerMessage } from '../api/types';
import { Feed } from './feed';

const PAGE = 500;
/** How many of one key are held; older ones are let go. */
const MOST = 1000;
/** Keys of which nothing is in the first page that are read by themselves. */
const MOST_KEYS = 40;

/** What was logged under one key as one kind, in the order in which it came. */
export class MediaGroup {
  readonly records: MediaRecord[] = [];
  /** How many there are in all. */
  count = 0;
  /** Where earlier ones begin; null when there are none, or when they were let go. */
  cursor: string | null = null;

  constructor(
    readonly key: string,
    readonly kind: MediaKind
  ) {}

  append(record: MediaRecord): void {
    this.records.push(record);
    this.count += 1;
    if (this.records.length > MOST) {
      this.records.splice(0, MOST / 4);
      this.cursor = null;
    }
  }

  /** Put a page (newest first) before what is held. */
  prepend(page: MediaPage, cursor: string | null = page.next): void {
    this.records.unshift(...page.media.filter(record => this.takes(record)).reverse());
    this.cursor = this.records.length < this.count ? cursor : null;
  }

  private takes(record: MediaRecord): boolean {
    return record.key === this.key && record.kind === this.kind;
  }
}

export class MediaFeed extends Feed {
  private groups = new Map<string, MediaGroup>();
  private next: number | null = null;
  private loading = false;
  private reading = false;

  constructor(
    private readonly runId: string,
    private readonly rest: Rest,
    private readonly live: Live
  ) {
    super();
  }

  /** All groups of which something is known, in the order in which they first came. */
  get shown(): MediaGroup[] {
    return [...this.groups.values()].filter(group => group.records.length > 0);
  }

  resume(): void {
    if (this.subscription === null && !this.loading) {
      void this.begin();
    }
  }

  /** Read the page before what is held of one group. */
  async readEarlier(group: MediaGroup): Promise<void> {
    const { key, kind, cursor } = group;
    if (cursor === null || this.reading) {
      return;
    }
    this.reading = true;
    try {
      const page = await this.rest.media(this.runId, { key, kind, limit: PAGE, cursor });
      if (group.cursor === cursor) {
        group.prepend(page);
        this.changed();
      }
    } catch (error) {
      this.problem.set(error instanceof Error ? error.message : String(error));
    } finally {
      this.reading = false;
    }
  }

  private async begin(): Promise<void> {
    this.loading = true;
    try {
      if (this.next === null) {
        await this.readNewest();
      }
    } catch (error) {
      this.problem.set(error instanceof Error ? error.message : String(error));
      return;
    } finally {
      this.loading = false;
    }
    if (this.watched && this.subscription === null) {
      const request = { channel: 'media', run: this.runId, since: this.next ?? 0 } as const;
      this.subscription = this.live.subscribe(request, message => this.receive(message));
    }
  }

  /** One page of everything, and one of each key of which it holds nothing. */
  private async readNewest(): Promise<void> {
    const page = await this.rest.media(this.runId, { limit: PAGE });
    this.groups = new Map();
    for (const { key, kind, count } of page.keys) {
      const group = this.group(key, kind);
      group.count = count;
      group.prepend(page);
    }
    const silent = [...this.groups.values()].filter(group => group.records.length === 0).slice(0, MOST_KEYS);
    for (const group of silent) {
      const { key, kind } = group;
      group.prepend(
        await this.rest.media(this.runId, { key, kind, limit: 20, ...(page.next && { cursor: page.next }) })
      );
    }
    this.next = page.position;
    this.changed();
  }

  private receive(message: ServerMessage): void {
    if (message.type === 'media') {
      for (const record of message.records) {
        this.group(record.key, record.kind).append(record);
      }
      this.next = message.next;
      this.changed();
    } else if (message.type === 'truncated') {
      this.groups = new Map();
      this.next = 0;
      this.changed();
    }
    this.ended(message);
  }

  private group(key: string, kind: MediaKind): MediaGroup {
    const name = `${kind}/${key}`;
    let group = this.groups.get(name);
    if (group === undefined) {
      group = new MediaGroup(key, kind);
      this.groups.set(name, group);
    }
    return group;
  }
}
