/** One line in a legend: a click hides it, pointing at it lets the others step back. */
import * as React from 'react';

import { say } from '../words';
import type { View } from './view';

export function Dash({ color }: { color: number }): JSX.Element {
  return <i className="ts-dash" style={{ background: `var(--ts-c${(color % 8) + 1})` }} aria-hidden="true" />;
}

interface Props {
  id: string;
  color: number;
  /** Where nothing can be hidden there is none. */
  view: View | undefined;
  dash?: boolean;
  children: React.ReactNode;
}

export function LegendItem({ id, color, view, dash = true, children }: Props): JSX.Element {
  const inside = (
    <>
      {dash && <Dash color={color} />}
      {children}
    </>
  );
  if (view === undefined) {
    return <span className="ts-legend-item">{inside}</span>;
  }
  const shown = !view.wishes.hidden.includes(id);
  return (
    <button
      type="button"
      className="ts-legend-item"
      aria-pressed={shown}
      title={shown ? say('Hide') : say('Show')}
      data-trackside="legend-item"
      data-id={id}
      onClick={() => view.toggle(id)}
      onPointerEnter={() => view.light(id)}
      onPointerLeave={() => view.light(null)}
      onFocus={() => view.light(id)}
      onBlur={() => view.light(null)}
    >
      {inside}
    </button>
  );
}
