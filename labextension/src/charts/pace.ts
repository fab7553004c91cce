/** How soon a panel of a notebook shows what is new: often while it can be seen, else with all unseen ones in a second. */
import { onFrame } from './frame';

export interface Pace {
  /** Whether somebody can see the panel. */
  readonly seen: boolean;
  /** Run an action when it is time; asked twice until then, it runs once. */
  readonly soon: (action: () => void) => void;
}

/** For what stands by itself in a tab or at the side: there are few of these. */
export const EVERY_FRAME: Pace = { seen: true, soon: onFrame };

/** Runs what came together at one time, so that many panels cost one frame of the page; then nothing for `gap` ms. */
export class Beat {
  private readonly waiting = new Set<() => void>();
  private last = -Infinity;

  constructor(private readonly gap: number) {}

  readonly soon = (action: () => void): void => {
    this.waiting.add(action);
    if (this.waiting.size === 1) {
      setTimeout(this.now, Math.max(0, this.last + this.gap - performance.now()));
    }
  };

  /** Do not wait any longer. */
  readonly now = (): void => {
    this.last = performance.now();
    const actions = [...this.waiting];
    this.waiting.clear();
    for (const action of actions) {
      action();
    }
  };
}

const SEEN = new Beat(50);
const UNSEEN = new Beat(1000);

/** Follows one element: a notebook holds many panels, and what is scrolled away need not keep the page busy. */
export class SightPace implements Pace {
  seen = true;
  private readonly sight: IntersectionObserver;

  constructor(element: HTMLElement) {
    this.sight = new IntersectionObserver(entries => {
      this.seen = entries[entries.length - 1]?.isIntersecting ?? this.seen;
      if (this.seen) {
        onFrame(UNSEEN.now);
      }
    });
    this.sight.observe(element);
  }

  readonly soon = (action: () => void): void => (this.seen ? SEEN : UNSEEN).soon(action);

  dispose(): void {
    this.sight.disconnect();
  }
}
