/** Whether waiting jobs may start at all. */
import type { Rest } from '../api/rest';
import type { Queue } from '../api/types';
import { Cell } from './cell';
import type { Events } from './events';

const MOVING: Queue = { paused: false, since: null, by: '', tag_limits: {} };

/** Follows the queue of the home; an older server, which cannot pause, counts as one that moves. */
export class QueueState {
  readonly state = new Cell<Queue>(MOVING);

  constructor(
    private readonly rest: Rest,
    private readonly events: Events
  ) {}

  async start(): Promise<void> {
    this.events.listen({
      onEvent: event => {
        if (event.type === 'queue') {
          this.state.set(event.queue);
        }
      },
      onGap: () => void this.read()
    });
    await this.read();
  }

  private async read(): Promise<void> {
    this.state.set(await this.rest.queue().catch(() => MOVING));
  }
}
