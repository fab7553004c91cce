/** What a person chose in panels, by name: kept over reloads by whoever gives `keep`, the oldest forgotten. */
import { Cell } from './cell';

export type Remembered = { readonly [name: string]: unknown };

const MOST = 300;

export class Memory {
  readonly state = new Cell<Remembered>({});

  constructor(private readonly keep: (all: Remembered) => void = () => undefined) {}

  /** Take what was kept before; what was chosen meanwhile stays. */
  restore(kept: unknown): void {
    if (typeof kept === 'object' && kept !== null && !Array.isArray(kept)) {
      this.state.update(now => ({ ...(kept as Remembered), ...now }));
    }
  }

  set(name: string, value: unknown): void {
    const { [name]: _, ...others } = this.state.get();
    const names = Object.keys(others);
    const stay = names.slice(Math.max(0, names.length + 1 - MOST));
    const all = Object.fromEntries([...stay.map(each => [each, others[each]] as const), [name, value] as const]);
    this.state.set(all);
    this.keep(all);
  }
}
