/** A part of a panel that folds; the choice holds for all panels, and is kept. */
import * as React from 'react';

import { useMemory } from './surroundings';

/** Puts something around a part that is there. */
export type Frame = (part: JSX.Element) => JSX.Element;

export const bare: Frame = part => part;

interface Props {
  name: string;
  title: string;
  /** Whether it is folded until somebody unfolds it. */
  folded?: boolean;
  /** Said beside the title. */
  note?: string;
  children: React.ReactNode;
}

export function Fold({ name, title, folded = false, note = '', children }: Props): JSX.Element {
  const [closed, close] = useMemory(`fold:${name}`, folded);
  return (
    <div className="ts-part" data-trackside={`part-${name}`}>
      <button type="button" className="ts-part-head" aria-expanded={!closed} onClick={() => close(!closed)}>
        {title}
        {note && <span className="ts-part-note">{note}</span>}
      </button>
      {!closed && <div className="ts-part-body">{children}</div>}
    </div>
  );
}
