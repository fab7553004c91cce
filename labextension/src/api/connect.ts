/** REST and live stream over JupyterLab's own connection settings: base URL, token, cookies, XSRF. */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { Live } from './live';
import { Rest } from './rest';

const PATH = 'trackside/api/v1/';

export interface Connection {
  readonly rest: Rest;
  readonly live: Live;
}

export function connect(settings: ServerConnection.ISettings): Connection {
  const rest = new Rest(URLExt.join(settings.baseUrl, PATH), (url, init) =>
    ServerConnection.makeRequest(url, init, settings)
  );
  const live = new Live(() => new settings.WebSocket(socketUrl(settings)));
  document.addEventListener('visibilitychange', () => live.setHidden(document.hidden));
  window.addEventListener('online', () => live.retryNow());
  live.setHidden(document.hidden);
  return { rest, live };
}

function socketUrl(settings: ServerConnection.ISettings): string {
  const url = URLExt.join(settings.wsUrl, PATH, 'ws');
  return settings.appendToken && settings.token ? `${url}?token=${encodeURIComponent(settings.token)}` : url;
}
