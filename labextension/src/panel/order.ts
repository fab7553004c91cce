/** Waiting jobs are put at another place of the queue: dragged, or by Alt with up and down. */
import * as React from 'react';

import type { Job } from '../api/types';
import { neighbour } from '../model/chosen';
import { useHere } from '../run/surroundings';

/** What a row needs to be dragged and to be dropped on; empty for a job that does not wait. */
export interface Draggable {
  readonly draggable?: true;
  /** Whether what is dragged would come before this row (`above`) or after it. */
  readonly drop?: 'above' | 'below';
  onDragStart?(event: React.DragEvent): void;
  onDragOver?(event: React.DragEvent): void;
  onDrop?(event: React.DragEvent): void;
  onDragEnd?(): void;
  onKeyDown?(event: React.KeyboardEvent): void;
}

const TYPE = 'application/x-trackside-job';

/** What is being dragged, and over which row. */
interface Drag {
  readonly id: string;
  readonly over?: { readonly id: string; readonly drop: 'above' | 'below' };
}

/** What is held of one list of waiting jobs, in their order. */
interface Order {
  readonly ids: readonly string[];
  readonly drag: Drag | null;
  setDrag(drag: Drag | null): void;
  move(id: string, before: string | null): void;
}

export function useOrder(waiting: readonly Job[]): (job: Job) => Draggable {
  const { actions } = useHere();
  const [drag, setDrag] = React.useState<Drag | null>(null);
  const ids = waiting.map(job => job.id);
  const order: Order = { ids, drag, setDrag, move: (id, before) => void actions.move(id, before) };
  return job => (ids.includes(job.id) ? { ...dragging(order, job.id), onKeyDown: byKey(order, job.id) } : {});
}

function dragging({ ids, drag, setDrag, move }: Order, id: string): Draggable {
  const half = (event: React.DragEvent) => {
    const { top, height } = event.currentTarget.getBoundingClientRect();
    return event.clientY < top + height / 2 ? 'above' : 'below';
  };
  return {
    draggable: true,
    ...(drag?.over?.id === id && drag.id !== id && { drop: drag.over.drop }),
    onDragStart: event => {
      event.dataTransfer.setData(TYPE, id);
      event.dataTransfer.effectAllowed = 'move';
      setDrag({ id });
    },
    onDragOver: event => {
      if (drag !== null) {
        event.preventDefault();
        setDrag({ id: drag.id, over: { id, drop: half(event) } });
      }
    },
    onDrop: event => {
      const before = half(event) === 'above' ? id : (ids[ids.indexOf(id) + 1] ?? null);
      if (drag !== null && drag.id !== before && drag.id !== id) {
        move(drag.id, before);
      }
      setDrag(null);
    },
    onDragEnd: () => setDrag(null)
  };
}

function byKey({ ids, move }: Order, id: string): (event: React.KeyboardEvent) => void {
  return event => {
    const by = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : null;
    const before = by === null || !event.altKey ? undefined : neighbour(ids, id, by);
    if (before !== undefined) {
      event.preventDefault();
      event.stopPropagation();
      move(id, before);
    }
  };
}
