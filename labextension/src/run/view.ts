/** How the charts of one panel are looked at, together: the part that is shown, which lines are hidden, which one stands out. */
import * as React from 'react';

import { useMemory } from './surroundings';

/** What one wishes of the curves; kept for the next time. */
export interface Wishes {
  readonly axis: string;
  readonly smooth: number;
  readonly log: boolean;
  readonly hidden: readonly string[];
}

export type Zoom = readonly [number, number] | null;

export interface View {
  readonly wishes: Wishes;
  change(part: Partial<Wishes>): void;
  readonly zoom: Zoom;
  setZoom(zoom: Zoom): void;
  /** The line that is pointed at. */
  readonly lit: string | null;
  light(line: string | null): void;
  toggle(line: string): void;
}

/** The view of the panel called `name`, which begins as `first` says unless somebody wished otherwise before. */
export function useView(name: string, first: Partial<Wishes> = {}): View {
  const begin: Wishes = { axis: 'step', smooth: 0, log: false, hidden: [], ...first };
  const [kept, keep] = useMemory<Partial<Wishes>>(`view:${name}`, {});
  const [zoom, setZoom] = React.useState<Zoom>(null);
  const [lit, light] = React.useState<string | null>(null);
  const wishes = { ...begin, ...kept };
  const change = (part: Partial<Wishes>) => {
    if (part.axis !== undefined && part.axis !== wishes.axis) {
      setZoom(null);
    }
    keep({ ...kept, ...part });
  };
  const toggle = (line: string) => {
    const others = wishes.hidden.filter(each => each !== line);
    change({ hidden: others.length < wishes.hidden.length ? others : [...others, line] });
  };
  return { wishes, change, zoom, setZoom, lit, light, toggle };
}
