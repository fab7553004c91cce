/** A part of the side panel that can be folded; whether it is stays known. */
import * as React from 'react';

import { useMemory } from '../run/surroundings';

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
  return (
    <section className="ts-section" data-trackside={`section-${id}`} aria-labelledby={`ts-section-${id}`}>
      <h4>
        <button type="button" className="ts-section-head" id={`ts-section-${id}`} aria-expanded={open} onClick={toggle}>
          <span className="ts-section-title">{title}</span>
          <span className="ts-section-note">{note}</span>
        </button>
      </h4>
      {open && children}
    </section>
  );
}
