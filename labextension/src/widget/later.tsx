/**
 * Parts of a job's panel that stand below the rest, or never appear: their code comes by itself once the panel stands.
 *
 * The build puts `later('Media')` where the panel names such a part, and the parts into a module of their own, which
 * takes React and the hooks of the panel that it joins.
 */
import * as React from 'react';

import type { Transport } from '../api/transport';
import { Cell } from '../model/cell';
import * as surroundings from '../run/surroundings';
import { wear } from './theme';

type Parts = { readonly [name: string]: React.FunctionComponent<object> };
interface Module {
  readonly style: string;
  readonly parts: Parts;
}
type Shared = (name: string) => object;

const parts = new Cell<Parts>({});

/** The part of this name; nothing until its code is there. */
export function later(name: string): React.FunctionComponent<object> {
  return function Later(props: object): JSX.Element | null {
    const { [name]: Part } = surroundings.useCell(parts);
    return Part === undefined ? null : <Part {...props} />;
  };
}

/** Fetch the code of the parts for the panel in an element; without it the panel stays as it is. */
export async function fetchParts(el: HTMLElement, { base, send }: Transport): Promise<void> {
  const answer = await send(`${base}code/parts.js`, {});
  if (answer.ok) {
    const url = URL.createObjectURL(new Blob([await answer.text()], { type: 'text/javascript' }));
    const made = (await import(url)) as { default: (shared: Shared) => Module };
    const module = made.default(name => (name === 'react' ? React : surroundings));
    URL.revokeObjectURL(url);
    wear(el, 'trackside-parts', module.style);
    parts.set(module.parts);
  }
}
