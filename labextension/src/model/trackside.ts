/** Everything that one browser window knows of its Trackside, made once and handed to all panels. */
import { ApiError } from '../api/rest';
import type { Rest } from '../api/rest';
import { Backoff } from '../api/backoff';
import type { Live, Subscription } from '../api/live';
import type { Health } from '../api/types';
import { Cell } from './cell';
import { Events } from './events';
import { JobList } from './jobs';
import type { Soon } from './jobs';
import { Pulse } from './pulse';
import { QueueState } from './queue';
import { RunModel } from './run';
import { Machine } from './system';

/** Whether this Jupyter server has Trackside, and which home. */
export type Home =
  | { readonly state: 'asking' }
  | { readonly state: 'here'; readonly health: Health }
  | { readonly state: 'absent'; readonly problem: string };

/** A run in use; dispose it when the panel goes. */
export interface Held extends Subscription {
  readonly model: RunModel;
}

const LINGER = 5_000;
const PATIENCE = 3_000;

export class Trackside {
  readonly home = new Cell<Home>({ state: 'asking' });
  /** Whether the stream broke and has not come back within a few seconds. */
  readonly lost = new Cell(false);
  readonly events: Events;
  readonly jobs: JobList;
  readonly queue: QueueState;
  readonly machine: Machine;
  readonly pulse: Pulse;
  private readonly runs = new Map<string, { model: RunModel; users: number }>();
  /** Resolves with the home's id when the jobs are known for the first time. */
  readonly started: Promise<string>;
  private asked: Promise<void> | null = null;
  private tellStarted: (homeId: string) => void = () => undefined;

  constructor(
    readonly rest: Rest,
    readonly live: Live,
    soon: Soon
  ) {
    this.events = new Events(live);
    this.jobs = new JobList(rest, this.events, soon);
    this.queue = new QueueState(rest, this.events);
    this.machine = new Machine(live);
    this.pulse = new Pulse(rest, live);
    this.noticeLoss(live);
    this.machine.sample.subscribe(() => this.jobs.setCounts(this.machine.sample.get()?.jobs ?? {}));
    this.started = new Promise(resolve => {
      this.tellStarted = resolve;
    });
  }

  /** Find the home and follow its jobs; tries again while the server does not answer, not where it has no Trackside. */
  async start(): Promise<void> {
    const backoff = new Backoff(2000, 60_000);
    for (;;) {
      await this.ask();
      const home = this.home.get();
      if (home.state === 'here' && (await this.readJobs())) {
        this.tellStarted(home.health.home_id);
        return;
      }
      if (home.state === 'absent' && home.problem === 'missing') {
        return;
      }
      await new Promise(resolve => setTimeout(resolve, backoff.next()));
    }
  }

  private noticeLoss(live: Live): void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    live.onConnection(connected => {
      clearTimeout(timer);
      if (connected) {
        this.lost.set(false);
      } else if (live.wanted) {
        timer = setTimeout(() => this.lost.set(live.wanted && !live.connected), PATIENCE);
      }
    });
  }

  private async readJobs(): Promise<boolean> {
    try {
      await Promise.all([this.jobs.start(), this.queue.start()]);
      return true;
    } catch (error) {
      this.asked = null;
      this.home.set({ state: 'absent', problem: said(error) });
      return false;
    }
  }

  /** Milliseconds since the epoch by the server's clock. */
  now(): number {
    return Date.now() + this.rest.skew;
  }

  /** Ask once which home this is; `again` asks anew. */
  ask(again = false): Promise<void> {
    if (this.asked === null || again) {
      this.asked = this.rest.health().then(
        health => this.home.set({ state: 'here', health }),
        (error: unknown) => {
          this.asked = null;
          this.home.set({ state: 'absent', problem: said(error) });
        }
      );
    }
    return this.asked;
  }

  /** Take a run into use; all panels of one run share it. */
  hold(id: string): Held {
    let held = this.runs.get(id);
    if (held === undefined) {
      held = { model: new RunModel(id, this.rest, this.live, this.events), users: 0 };
      this.runs.set(id, held);
    }
    const { model } = held;
    held.users += 1;
    let over = false;
    const dispose = () => {
      if (!over) {
        over = true;
        setTimeout(() => this.release(id), LINGER);
      }
    };
    return { model, dispose };
  }

  private release(id: string): void {
    const held = this.runs.get(id);
    if (held !== undefined) {
      held.users -= 1;
      if (held.users === 0) {
        this.runs.delete(id);
        held.model.dispose();
      }
    }
  }
}

function said(error: unknown): string {
  if (error instanceof ApiError && error.missing) {
    return 'missing';
  }
  return error instanceof Error ? error.message : String(error);
}
