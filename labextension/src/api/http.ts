/** The server over JupyterLab's own connection settings: base URL, token, cookies, XSRF. */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import type { Transport } from './transport';

const PATH = 'trackside/api/v1/';

export function overHttp(settings: ServerConnection.ISettings): Transport {
  return {
    base: URLExt.join(settings.baseUrl, PATH),
    send: (url, init) => ServerConnection.makeRequest(url, init, settings),
    open: () => new settings.WebSocket(socketUrl(settings))
  };
}

function socketUrl(settings: ServerConnection.ISettings): string {
  const url = URLExt.join(settings.wsUrl, PATH, 'ws');
  return settings.appendToken && settings.token ? `${url}?token=${encodeURIComponent(settings.token)}` : url;
}
