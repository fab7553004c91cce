/** A hidden tab asks nothing: readings wait until it is shown, one for all who wish the same; what changes something goes out. */
import type { Send } from './rest';

export interface Sight {
  readonly isHidden: boolean;
  whenShown(): Promise<void>;
}

export function quiet(send: Send, sight: Sight): Send {
  const waiting = new Map<string, Promise<Response>>();
  return async (url, init) => {
    if (init.method !== 'GET' || !sight.isHidden) {
      return send(url, init);
    }
    const wish = url + JSON.stringify(init.headers ?? {});
    let answer = waiting.get(wish);
    if (answer === undefined) {
      answer = sight.whenShown().then(() => {
        waiting.delete(wish);
        return send(url, init);
      });
      waiting.set(wish, answer);
    }
    return (await answer).clone();
  };
}
