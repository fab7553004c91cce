/** A part of the side panel that can be folded and moved; how it was left stays known. */
import * as React from 'react';

import { say } from '../words';
import { useMemory } from '../run/surroundings';
import { useMovable } from './arrange';

/** Whether a section is unfolded, and what folds it. */
export function useSection(id: string): { open: boolean; toggle: () => void } {
  const [folded, fold] = useMemory(`section:${id}`, false);
  return { open: !folded, toggle: () => fold(!folded) };
}

interface Props {
  id: string;
  title: string;
  /** What is said at the right of the title. */
  note: string;
  open: boolean;
  toggle: () => void;
  children: React.ReactNode;
}

export function Section({ id, title, note, open, toggle, children }: Props): JSX.Element {
  const { head, room } = useMovable(id);
  return (
    <section className="ts-section" data-trackside={`section-${id}`} aria-labelledby={`ts-section-${id}`} {...room}>
      <h4>
        <button
          type="button"
          className="ts-section-head"
          id={`ts-section-${id}`}
          aria-expanded={open}
          title={say('Drag it, or press Alt with up or down, to put it elsewhere')}
          onClick={toggle}
          {...head}
        >
          <span className="ts-section-title">{title}</span>
          <span className="ts-section-note">{note}</span>
        </button>
      </h4>
      {open && children}
    </section>
  );
}
