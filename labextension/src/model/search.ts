/** A search in a run's log: from its end backwards, from one found line to the next. */
import type { Rest } from '../api/rest';
import type { LogMatch } from '../api/types';
import { Cell } from './cell';

/** What was found so far, the last line first; `at` is the one that is shown. */
export interface Search {
  readonly text: string;
  readonly matches: readonly LogMatch[];
  readonly at: number;
  /** Byte before which the log was not searched yet; null when all of it was. */
  readonly next: number | null;
  readonly busy: boolean;
  readonly problem: string;
}

export const NO_SEARCH: Search = { text: '', matches: [], at: -1, next: null, busy: false, problem: '' };
const PAGE = 100;

/** A text without capitals finds them too. */
export function ignoresCase(text: string): boolean {
  return text === text.toLowerCase();
}

/** A stretch of a line, which is what was looked for or not. */
export interface Part {
  readonly text: string;
  readonly hit: boolean;
}

/** Cut a text where a searched one stands in it. */
export function splitAt(text: string, wanted: string): Part[] {
  if (wanted === '') {
    return [{ text, hit: false }];
  }
  const [within, sought] = ignoresCase(wanted) ? [lowered(text), wanted] : [text, wanted];
  const parts: Part[] = [];
  let from = 0;
  for (let at = within.indexOf(sought); at >= 0; at = within.indexOf(sought, from)) {
    parts.push({ text: text.slice(from, at), hit: false }, { text: text.slice(at, at + sought.length), hit: true });
    from = at + sought.length;
  }
  return [...parts, { text: text.slice(from), hit: false }].filter(part => part.text !== '' || text === '');
}

/** The text without capitals and as long as before, so that places in one are places in the other (`İ` has two). */
function lowered(text: string): string {
  const lower = text.toLowerCase();
  const same = (char: string) => (char.toLowerCase().length === char.length ? char.toLowerCase() : char);
  return lower.length === text.length ? lower : Array.from(text, same).join('');
}

export class LogSearch {
  readonly state = new Cell<Search>(NO_SEARCH);
  /** Which search is the latest one: what an earlier one still hears is nothing any more. */
  private turn = 0;

  constructor(
    private readonly id: string,
    private readonly rest: Pick<Rest, 'searchLog'>
  ) {}

  /** Look for a text from the end of the log on; the empty text ends the search. */
  async find(text: string): Promise<void> {
    this.turn++;
    this.state.set({ ...NO_SEARCH, text });
    if (text !== '') {
      await this.read(undefined);
    }
  }

  /** Go to the line that was found next further up (-1), or back down (1). */
  async step(by: -1 | 1): Promise<void> {
    const { text, matches, at, next, busy } = this.state.get();
    const wanted = at - by;
    if (busy || wanted < 0) {
      return;
    }
    if (matches.length === 0) {
      await this.find(text); // the log may have grown, the server may answer again
      return;
    }
    if (wanted < matches.length) {
      this.state.update(search => ({ ...search, at: wanted }));
    } else if (next !== null) {
      await this.read(next);
    }
  }

  /** The line that is shown. */
  get current(): LogMatch | null {
    const { matches, at } = this.state.get();
    return matches[at] ?? null;
  }

  /** Read on until a line is found or the start is reached: the server answers after a while, found or not. */
  private async read(before: number | undefined): Promise<void> {
    const { text } = this.state.get();
    const { turn } = this;
    this.state.update(search => ({ ...search, busy: true, problem: '' }));
    try {
      const query = { text, limit: PAGE, ...(ignoresCase(text) && { ignore_case: 1 as const }) };
      let from = before;
      for (;;) {
        const page = await this.rest.searchLog(this.id, { ...query, ...(from !== undefined && { before: from }) });
        if (this.turn !== turn) {
          return;
        }
        this.take(page.matches, page.next ?? null);
        if (page.matches.length > 0 || page.next === null) {
          return;
        }
        from = page.next;
      }
    } catch (error) {
      this.fail(turn, error);
    }
  }

  private take(found: readonly LogMatch[], next: number | null): void {
    this.state.update(search => ({
      ...search,
      matches: [...search.matches, ...found],
      at: found.length > 0 ? search.matches.length : search.at,
      next,
      busy: found.length === 0 && next !== null
    }));
  }

  private fail(turn: number, error: unknown): void {
    if (this.turn === turn) {
      const problem = error instanceof Error ? error.message : String(error);
      this.state.update(search => ({ ...search, busy: false, problem }));
    }
  }
}
