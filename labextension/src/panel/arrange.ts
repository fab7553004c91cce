/** Sections of the side panel change places: dragged by the head, or by Alt with up and down. */
import * as React from 'react';

import { arranged, placed, shifted } from '../model/arrangement';
import { useMemory } from '../run/surroundings';

const TYPE = 'application/x-trackside-section';

export interface Arrangement {
  readonly order: readonly string[];
  readonly dragged: string | null;
  drag(id: string | null): void;
  put(order: readonly string[]): void;
}

export const Arranged = React.createContext<Arrangement | null>(null);

/** The order of these sections, and what changes it. */
export function useArrangement(known: readonly string[]): Arrangement {
  const [kept, put] = useMemory<readonly string[]>('sections', []);
  const [dragged, drag] = React.useState<string | null>(null);
  return { order: arranged(known, kept), dragged, drag, put };
}

interface Movable {
  /** For the head, by which it is moved. */
  readonly head: React.HTMLAttributes<HTMLElement>;
  /** For the section, on which others are dropped. */
  readonly room: React.HTMLAttributes<HTMLElement>;
}

export function useMovable(id: string): Movable {
  const arrangement = React.useContext(Arranged);
  if (arrangement === null) {
    return { head: {}, room: {} };
  }
  const { order, dragged, drag, put } = arrangement;
  const half = (event: React.DragEvent) => {
    const { top, height } = event.currentTarget.getBoundingClientRect();
    return event.clientY < top + height / 2 ? 'above' : 'below';
  };
  const head: Movable['head'] = {
    draggable: true,
    onDragStart: event => {
      event.dataTransfer.setData(TYPE, id);
      event.dataTransfer.effectAllowed = 'move';
      drag(id);
    },
    onDragEnd: () => drag(null),
    onKeyDown: event => {
      const by = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : null;
      if (by !== null && event.altKey) {
        event.preventDefault();
        const { currentTarget } = event;
        put(shifted(order, id, by));
        requestAnimationFrame(() => currentTarget.focus()); // it lost the focus where it was taken out and put in again
      }
    }
  };
  const room: Movable['room'] = {
    onDragOver: event => dragged !== null && event.preventDefault(),
    onDrop: event => {
      if (dragged !== null) {
        put(placed(order, dragged, id, half(event)));
        drag(null);
      }
    }
  };
  return { head, room };
}
