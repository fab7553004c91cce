/**
 * The server through the kernel of a notebook, by messages of a widget: for front ends that cannot reach the server.
 *
 * The kernel passes requests and frames on; it takes up a broken connection to the server by itself. A widget may be
 * shown in several places, which all hear what the kernel says: each has a name, and takes what is meant for it.
 */
import type { Socket } from './live';
import type { Transport } from './transport';

/** The part of anywidget's model that is used. */
export interface WidgetModel {
  get(name: string): unknown;
  on(event: 'msg:custom', listener: (message: KernelMessage, buffers?: readonly DataView[]) => void): void;
  off(event: 'msg:custom', listener: (message: KernelMessage, buffers?: readonly DataView[]) => void): void;
  send(message: object): void;
}

export type KernelMessage =
  | {
      readonly op: 'answer';
      readonly view: string;
      readonly id: number;
      readonly status: number;
      readonly headers: Record<string, string>;
    }
  | { readonly op: 'frames'; readonly view: string; readonly frames: readonly string[] }
  /** The kernel does not know this view, or knows it no more: begin anew. */
  | { readonly op: 'unknown'; readonly view: string }
  /** Whether the kernel's own connection to the server stands. */
  | { readonly op: 'link'; readonly up: boolean };

type Answer = Extract<KernelMessage, { op: 'answer' }>;

const BASE = 'kernel:/';
const [CONNECTING, OPEN, CLOSED] = [0, 1, 3] as const;
const SIGN_OF_LIFE = 20_000;

export class KernelTransport implements Transport {
  readonly base = BASE;
  /** Hears how many requests the kernel has not answered. */
  onWaiting: (waiting: number) => void = () => undefined;
  onLink: (up: boolean) => void = () => undefined;
  private readonly view = randomName();
  private readonly waiting = new Map<number, (response: Response) => void>();
  private readonly timer: ReturnType<typeof setInterval>;
  private socket: KernelSocket | null = null;
  private count = 0;

  constructor(private readonly model: WidgetModel) {
    model.on('msg:custom', this.receive);
    this.tell({ op: 'hello' });
    this.timer = setInterval(() => this.tell({ op: 'alive' }), SIGN_OF_LIFE);
  }

  readonly send = (url: string, init: RequestInit): Promise<Response> => {
    const id = (this.count += 1);
    const { method = 'GET', body } = init;
    const path = url.startsWith(BASE) ? url.slice(BASE.length) : url;
    const range = new Headers(init.headers).get('Range');
    this.tell({
      op: 'request',
      id,
      method,
      path,
      ...(range !== null && { range }),
      ...(typeof body === 'string' && { body })
    });
    return new Promise(resolve => {
      this.waiting.set(id, resolve);
      this.onWaiting(this.waiting.size);
    });
  };

  open(): Socket {
    this.socket = new KernelSocket(text => this.tell({ op: 'frame', text }));
    return this.socket;
  }

  /** Let the kernel forget this view. */
  dispose(): void {
    clearInterval(this.timer);
    this.model.off('msg:custom', this.receive);
    this.tell({ op: 'bye' });
  }

  private tell(message: object): void {
    this.model.send({ ...message, view: this.view });
  }

  private readonly receive = (message: KernelMessage, buffers: readonly DataView[] = []): void => {
    if (message.op === 'link') {
      this.onLink(message.up);
    } else if (message.view !== this.view) {
      return;
    } else if (message.op === 'answer') {
      this.answered(message, buffers);
    } else if (message.op === 'frames') {
      message.frames.forEach(frame => this.socket?.hear(frame));
    } else {
      this.socket?.close();
    }
  };

  private answered({ id, status, headers }: Answer, buffers: readonly DataView[]): void {
    const resolve = this.waiting.get(id);
    if (resolve !== undefined) {
      this.waiting.delete(id);
      this.onWaiting(this.waiting.size);
      const empty = status === 204 || status === 304;
      const parts = buffers.map(part => new Uint8Array(part.buffer, part.byteOffset, part.byteLength).slice());
      resolve(new Response(empty ? null : new Blob(parts), { status, headers }));
    }
  }
}

/** Stands as soon as it is asked for: what is sent waits in the kernel until that has time. */
class KernelSocket implements Socket {
  readyState: number = CONNECTING;
  onopen: Socket['onopen'] = null;
  onmessage: Socket['onmessage'] = null;
  onclose: Socket['onclose'] = null;
  onerror: Socket['onerror'] = null;

  constructor(private readonly pass: (text: string) => void) {
    queueMicrotask(() => {
      this.readyState = OPEN;
      this.onopen?.call(this as unknown as WebSocket, new Event('open'));
    });
  }

  send(data: Parameters<WebSocket['send']>[0]): void {
    this.pass(String(data));
  }

  hear(frame: string): void {
    this.onmessage?.call(this as unknown as WebSocket, new MessageEvent('message', { data: frame }));
  }

  close(): void {
    if (this.readyState !== CLOSED) {
      this.readyState = CLOSED;
      this.onclose?.call(this as unknown as WebSocket, new CloseEvent('close'));
    }
  }
}

/** A name that no other view has; `crypto.randomUUID` is missing where a page came without TLS. */
function randomName(): string {
  return [...crypto.getRandomValues(new Uint8Array(12))].map(byte => byte.toString(16).padStart(2, '0')).join('');
}
