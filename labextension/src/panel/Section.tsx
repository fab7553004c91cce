/** A part of the side panel that can be folded; whether it is stays known. */
import * as React from 'react';

import { Cell } from '../model/cell';
import { useCell } from '../run/surroundings';

/** Which sections are folded; kept by whoever gives `keep`. */
export class Folds {
  readonly folded = new Cell<ReadonlySet<string>>(new Set());

  constructor(private readonly keep: (folded: string[]) => void) {}

  restore(folded: readonly string[]): void {
    this.folded.set(new Set(folded));
  }

  toggle(id: string): void {
    const folded = new Set(this.folded.get());
    if (!folded.delete(id)) {
      folded.add(id);
    }
    this.folded.set(folded);
    this.keep([...folded]);
  }
}

interface Props {
  id: string;
  title: string;
  /** What is said at the right of the title. */
  note: string;
  folds: Folds;
  children: React.ReactNode;
}

export function Section({ id, title, note, folds, children }: Props): JSX.Element {
  const open = !useCell(folds.folded).has(id);
  return (
    <section className="ts-section" data-trackside={`section-${id}`} aria-labelledby={`ts-section-${id}`}>
      <h4>
        <button
          type="button"
          className="ts-section-head"
          id={`ts-section-${id}`}
          aria-expanded={open}
          onClick={() => folds.toggle(id)}
        >
          <span className="ts-section-title">{title}</span>
          <span className="ts-section-note">{note}</span>
        </button>
      </h4>
      {open && children}
    </section>
  );
}
