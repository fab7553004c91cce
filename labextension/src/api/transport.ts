/** How requests and the stream reach the server: straight over HTTP, or through the kernel of a notebook. */
import type { Socket } from './live';
import type { Send } from './rest';

export interface Transport {
  /** What the addresses of all resources begin with. */
  readonly base: string;
  readonly send: Send;
  /** Open the one stream for all subscriptions. */
  open(): Socket;
}
