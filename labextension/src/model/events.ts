/** State changes of the home, heard once per window and told to all who asked. */
import type { Live, Subscription } from '../api/live';
import type { Event, ServerMessage } from '../api/types';

export interface EventListener {
  onEvent(event: Event): void;
  /** Some events were missed for good, or may have come before one could hear them: read anew. */
  onGap?(): void;
}

export class Events {
  private readonly listeners = new Set<EventListener>();
  private subscription: Subscription | null = null;
  /** Whether the server has said that the subscription stands. */
  private begun = false;

  constructor(private readonly live: Live) {}

  listen(listener: EventListener): Subscription {
    this.listeners.add(listener);
    this.subscription ??= this.subscribe();
    return {
      dispose: () => {
        this.listeners.delete(listener);
        if (this.listeners.size === 0) {
          this.subscription?.dispose();
          this.subscription = null;
        }
      }
    };
  }

  private subscribe(): Subscription {
    this.begun = false;
    return this.live.subscribe({ channel: 'events' }, message => this.receive(message));
  }

  private receive(message: ServerMessage): void {
    if (message.type === 'event') {
      for (const listener of [...this.listeners]) {
        listener.onEvent(message.event);
      }
    } else if (message.type === 'subscribed' && !this.begun) {
      this.begun = true; // what was read before may be older than the first event
      this.tellGap();
    } else if (message.type === 'error') {
      this.subscription = this.listeners.size > 0 ? this.subscribe() : null;
      this.tellGap();
    }
  }

  private tellGap(): void {
    for (const listener of [...this.listeners]) {
      listener.onGap?.();
    }
  }
}
