/**
 * The live stream of one browser window: a single WebSocket for all subscriptions.
 *
 * A broken connection is opened again, ever more slowly, and each subscription goes on exactly where it stood: `next`
 * of its last message is sent back as `since`. While the tab is hidden only state changes stay subscribed. Each time a
 * subscription is begun it gets a new `sub`, so that what was still under way for the old one cannot be taken twice.
 */
import { Backoff } from './backoff';
import type { Channel, ServerMessage, Subscribe } from './types';

/** The part of a WebSocket that is used. */
export type Socket = Pick<WebSocket, 'readyState' | 'onopen' | 'onmessage' | 'onclose' | 'onerror' | 'send' | 'close'>;

export interface Request {
  readonly channel: Channel;
  readonly run?: string;
  readonly since?: number;
  readonly tail?: number;
  readonly interval?: number;
}

export type Listener = (message: ServerMessage) => void;

export interface Subscription {
  /** Stop; nothing more is heard. */
  dispose(): void;
}

/** Timers, to be replaced in tests. */
export interface Timers {
  after(milliseconds: number, action: () => void): () => void;
}

const browserTimers: Timers = {
  after: (milliseconds, action) => {
    const timer = setTimeout(action, milliseconds);
    return () => clearTimeout(timer);
  }
};

const OPEN = 1;
const LINGER = 10_000;

class Held implements Subscription {
  sub = '';
  next: number | null = null;

  constructor(
    readonly request: Request,
    readonly listener: Listener,
    private readonly end: (held: Held) => void
  ) {}

  dispose(): void {
    this.end(this);
  }
}

export class Live {
  /** Whether the socket is open now. */
  connected = false;

  private socket: Socket | null = null;
  private readonly held = new Set<Held>();
  private readonly bySub = new Map<string, Held>();
  private readonly connectionListeners = new Set<(connected: boolean) => void>();
  private count = 0;
  private hidden = false;
  private tellShown: (() => void)[] = [];
  private cancelRetry: (() => void) | null = null;
  private cancelClose: (() => void) | null = null;

  constructor(
    private readonly open: () => Socket,
    private readonly timers: Timers = browserTimers,
    private readonly backoff: Backoff = new Backoff()
  ) {}

  subscribe(request: Request, listener: Listener): Subscription {
    const held = new Held(request, listener, gone => this.drop(gone));
    this.held.add(held);
    this.cancelClose?.();
    this.cancelClose = null;
    if (this.socket === null && this.cancelRetry === null) {
      this.connect();
    } else {
      this.begin(held);
    }
    return held;
  }

  /** Whether somebody is subscribed, so that a connection is needed. */
  get wanted(): boolean {
    return this.held.size > 0;
  }

  /** Hear when the connection opens or breaks. */
  onConnection(listener: (connected: boolean) => void): Subscription {
    this.connectionListeners.add(listener);
    return { dispose: () => this.connectionListeners.delete(listener) };
  }

  /** A hidden tab keeps state changes only; a shown one takes up the rest where it stopped. */
  setHidden(hidden: boolean): void {
    if (hidden === this.hidden) {
      return;
    }
    this.hidden = hidden;
    for (const held of this.held) {
      if (held.request.channel !== 'events') {
        if (hidden) {
          this.pause(held);
        } else {
          this.begin(held);
        }
      }
    }
    if (!hidden) {
      this.retryNow();
      for (const tell of this.tellShown.splice(0)) {
        tell();
      }
    }
  }

  get isHidden(): boolean {
    return this.hidden;
  }

  /** Resolves as soon as the tab is shown; at once where it is. */
  async whenShown(): Promise<void> {
    if (this.hidden) {
      await new Promise<void>(resolve => this.tellShown.push(resolve));
    }
  }

  /** Try to connect at once, as after the network came back. */
  retryNow(): void {
    if (this.cancelRetry !== null) {
      this.cancelRetry();
      this.cancelRetry = null;
      this.connect();
    }
  }

  private connect(): void {
    const socket = this.open();
    this.socket = socket;
    socket.onopen = () => {
      this.backoff.reset();
      this.setConnected(true);
      for (const held of this.held) {
        this.begin(held);
      }
    };
    socket.onmessage = event => this.receive(event.data);
    socket.onerror = () => undefined;
    socket.onclose = () => this.broken(socket);
  }

  private broken(socket: Socket): void {
    if (socket !== this.socket) {
      return;
    }
    this.socket = null;
    this.bySub.clear();
    this.setConnected(false);
    if (this.held.size > 0) {
      this.cancelRetry = this.timers.after(this.backoff.next(), () => {
        this.cancelRetry = null;
        this.connect();
      });
    }
  }

  private setConnected(connected: boolean): void {
    if (connected !== this.connected) {
      this.connected = connected;
      for (const listener of this.connectionListeners) {
        listener(connected);
      }
    }
  }

  private begin(held: Held): void {
    const { channel, run, since, tail, interval } = held.request;
    if (this.socket?.readyState !== OPEN || (this.hidden && channel !== 'events')) {
      return;
    }
    this.bySub.delete(held.sub);
    held.sub = `s${++this.count}`;
    this.bySub.set(held.sub, held);
    const position = held.next ?? since;
    const message: Subscribe = {
      op: 'subscribe',
      sub: held.sub,
      channel,
      ...(run !== undefined && { run }),
      ...(position !== undefined && { since: position }),
      ...(tail !== undefined && position === undefined && { tail }),
      ...(interval !== undefined && { interval })
    };
    this.socket.send(JSON.stringify(message));
  }

  private pause(held: Held): void {
    if (this.bySub.delete(held.sub) && this.socket?.readyState === OPEN) {
      this.socket.send(JSON.stringify({ op: 'unsubscribe', sub: held.sub }));
    }
  }

  private drop(held: Held): void {
    if (!this.held.delete(held)) {
      return;
    }
    this.pause(held);
    if (this.held.size === 0 && this.cancelClose === null) {
      this.cancelClose = this.timers.after(LINGER, () => this.close());
    }
  }

  private close(): void {
    this.cancelClose = null;
    if (this.held.size === 0) {
      this.cancelRetry?.();
      this.cancelRetry = null;
      const socket = this.socket;
      this.socket = null;
      this.setConnected(false);
      socket?.close();
    }
  }

  private receive(data: unknown): void {
    const message = JSON.parse(String(data)) as ServerMessage;
    const held = this.bySub.get(message.sub);
    if (held === undefined) {
      return;
    }
    if ('next' in message) {
      held.next = message.next;
    }
    if (message.type === 'done' || message.type === 'error') {
      this.bySub.delete(held.sub);
      this.held.delete(held);
    }
    held.listener(message);
  }
}
