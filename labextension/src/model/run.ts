/** One run as its panels see it: the facts, and the feeds that run while somebody watches. */
import { ApiError } from '../api/rest';
import type { ArtifactRoot, Rest } from '../api/rest';
import type { Live, Subscription } from '../api/live';
import type { ArtifactPage, Event, Explanation, Fields, Job, RunInfo } from '../api/types';
import { Cell } from './cell';
import type { Events } from './events';
import { LogFeed, MetricsFeed } from './feed';
import { isFinal } from './jobs';
import { MediaFeed } from './media';
import { largeData, withData } from './outputs';
import { Overtaking } from './overtaking';
import type { Axis } from './series';
import { SystemFeed } from './system';

/** What is known of a run; `gone` means that this server has no such run. */
export interface Facts {
  readonly state: 'loading' | 'here' | 'gone' | 'unreachable';
  readonly run: RunInfo | null;
  readonly job: Job | null;
  readonly problem: string;
}

const LOADING: Facts = { state: 'loading', run: null, job: null, problem: '' };

export class RunModel {
  readonly facts = new Cell<Facts>(LOADING);
  readonly log: LogFeed;
  readonly media: MediaFeed;
  readonly system: SystemFeed;
  readonly outputs = new Cell<readonly Fields[] | null>(null);
  readonly explanation = new Cell<Explanation | null>(null);
  private readonly files = new Map<ArtifactRoot, Cell<ArtifactPage | null>>();
  private readonly byAxis = new Map<Axis, MetricsFeed>();
  private readonly subscriptions: Subscription[];
  private readonly overtaking = new Overtaking();
  /** The number of the last reading that began, and of the latest whose answer counts. */
  private turn = 0;
  private taken = 0;
  private stale = false;
  private outputsWritten = '';

  constructor(
    readonly id: string,
    readonly rest: Rest,
    private readonly live: Live,
    events: Events
  ) {
    this.log = new LogFeed(id, rest, live);
    this.media = new MediaFeed(id, rest, live);
    this.system = new SystemFeed(id, rest);
    this.subscriptions = [
      events.listen({ onEvent: event => this.take(event), onGap: () => void this.read() }),
      live.onConnection(connected => this.reconnected(connected))
    ];
    void this.read();
  }

  dispose(): void {
    for (const subscription of this.subscriptions) {
      subscription.dispose();
    }
  }

  /** The curves over one axis. */
  metrics(axis: Axis): MetricsFeed {
    let feed = this.byAxis.get(axis);
    if (feed === undefined) {
      feed = new MetricsFeed(this.id, axis, this.rest, this.live);
      this.byAxis.set(axis, feed);
    }
    return feed;
  }

  /** The files below one root, as last read. */
  artifacts(root: ArtifactRoot): Cell<ArtifactPage | null> {
    let page = this.files.get(root);
    if (page === undefined) {
      page = new Cell<ArtifactPage | null>(null);
      this.files.set(root, page);
    }
    return page;
  }

  get running(): boolean {
    const { run, job } = this.facts.get();
    const status = job?.status ?? run?.status;
    return status !== undefined && !isFinal(status);
  }

  /** Read the facts anew. */
  async read(): Promise<void> {
    const turn = ++this.turn;
    try {
      const { found, since } = await this.overtaking.read(async () => {
        const run = await this.rest.run(this.id);
        return { run, job: run.job_id === null ? null : await this.rest.job(run.job_id) };
      });
      if (turn > this.taken) {
        this.taken = turn;
        const heard = since.flatMap(event => (event.type === 'job' && event.job.run_id === this.id ? event.job : []));
        this.facts.set({ state: 'here', run: found.run, job: heard.pop() ?? found.job, problem: '' });
      }
    } catch (error) {
      this.failed(error);
    }
  }

  async readOutputs(): Promise<void> {
    const records = await this.rest.outputs(this.id);
    const written = JSON.stringify(records);
    if (written !== this.outputsWritten) {
      this.outputsWritten = written;
      this.outputs.set(await Promise.all(records.map(record => this.filled(record))));
    }
  }

  /** The record with its large data, which lies in files of the run. */
  private async filled(record: Fields): Promise<Fields> {
    let whole = record;
    for (const { mime, path, size } of largeData(record)) {
      const bytes = await this.rest.file(this.id, path, 'artifacts', { limit: size });
      whole = bytes === null ? whole : withData(whole, mime, bytes);
    }
    return whole;
  }

  async readArtifacts(root: ArtifactRoot): Promise<void> {
    const page = await this.rest.artifacts(this.id, root);
    const cell = this.artifacts(root);
    if (JSON.stringify(page) !== JSON.stringify(cell.get())) {
      cell.set(page);
    }
  }

  async readExplanation(): Promise<void> {
    this.explanation.set(await this.rest.explain(this.id));
  }

  private failed(error: unknown): void {
    const problem = error instanceof Error ? error.message : String(error);
    const state = error instanceof ApiError && error.missing ? 'gone' : 'unreachable';
    this.stale = state === 'unreachable';
    this.facts.update(facts => (facts.state === 'here' && this.stale ? facts : { ...LOADING, state, problem }));
  }

  private reconnected(connected: boolean): void {
    if (connected && this.stale) {
      this.stale = false;
      void this.read();
    }
    this.stale ||= !connected;
  }

  private take(event: Event): void {
    this.overtaking.note(event);
    if (event.type === 'job' && event.job.run_id === this.id) {
      this.takeJob(event.job);
    } else if (event.type === 'run' && event.run_id === this.id) {
      void this.read();
    } else if (event.type === 'job_deleted' && event.job_id === this.id) {
      this.facts.set({ ...LOADING, state: 'gone' });
    }
  }

  private takeJob(job: Job): void {
    const before = this.facts.get();
    if (before.job === null || before.job.status !== job.status || before.run === null) {
      void this.read();
    }
    this.facts.set({ ...before, state: before.run === null ? before.state : 'here', job });
    if (!isFinal(job.status)) {
      this.goOn();
    }
  }

  /** A new attempt writes into the same folder: feeds that had ended go on. */
  private goOn(): void {
    for (const feed of [this.log, this.media, ...this.byAxis.values()]) {
      if (feed.watched) {
        feed.resume();
      }
    }
  }
}
