/** Curves asked for in one moment, as fifty runs laid over each other do, go out as few requests. */
import type { Metrics } from './types';

export type CurveQuery = { keys?: string; x?: string; max_points?: number; between?: string };

/** Asks for the curves of these runs, in their order. */
type Ask = (ids: readonly string[], query: CurveQuery) => Promise<Metrics[]>;

interface Waiting {
  readonly id: string;
  readonly take: (answer: Promise<Metrics>) => void;
}

/** Runs of one request: while a page draws these, the server reads the next. */
const AT_ONCE = 10;
/** Points of a curve among so many that each has but a few pixels to itself. */
const OF_MANY = 1000;

/** Joins questions that differ in their run alone; where a joint one fails, each run is asked for by itself. */
export function gathered(ask: Ask): (id: string, query: CurveQuery) => Promise<Metrics> {
  const waiting = new Map<string, Waiting[]>();
  const send = (query: CurveQuery, wish: string) => {
    const all = waiting.get(wish) ?? [];
    waiting.delete(wish);
    const points = all.length > AT_ONCE ? Math.min(OF_MANY, query.max_points ?? OF_MANY) : query.max_points;
    for (let first = 0; first < all.length; first += AT_ONCE) {
      const some = all.slice(first, first + AT_ONCE);
      const asked = { ...query, ...(points !== undefined && { max_points: points }) };
      const answers = ask(
        some.map(({ id }) => id),
        asked
      );
      some.forEach(({ id, take }, index) => {
        const alone = async (error: unknown) => {
          if (some.length === 1) {
            throw error;
          }
          return (await ask([id], query))[0] as Metrics;
        };
        take(answers.then(found => found[index] as Metrics, alone));
      });
    }
  };
  return (id, query) => {
    const wish = JSON.stringify(query);
    const others = waiting.get(wish);
    return new Promise(resolve => {
      if (others !== undefined) {
        others.push({ id, take: resolve });
      } else {
        waiting.set(wish, [{ id, take: resolve }]);
        queueMicrotask(() => send(query, wish));
      }
    });
  };
}
