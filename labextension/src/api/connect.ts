/** REST and live stream over one transport; a hidden tab keeps state changes only. */
import { Live } from './live';
import { quiet } from './quiet';
import { Rest } from './rest';
import type { Transport } from './transport';

export interface Connection {
  readonly rest: Rest;
  readonly live: Live;
  /** Follow the tab no more. */
  dispose(): void;
}

export function connect(transport: Transport): Connection {
  const live = new Live(() => transport.open());
  const rest = new Rest(transport.base, quiet(transport.send, live));
  const onVisibility = () => live.setHidden(document.hidden);
  const onOnline = () => live.retryNow();
  document.addEventListener('visibilitychange', onVisibility);
  window.addEventListener('online', onOnline);
  onVisibility();
  const dispose = () => {
    document.removeEventListener('visibilitychange', onVisibility);
    window.removeEventListener('online', onOnline);
  };
  return { rest, live, dispose };
}
