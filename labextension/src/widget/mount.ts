/** Preact in React's place: a tenth of its size, which matters where each panel brings its own code. */
import { render } from 'preact';
import type { ComponentChild } from 'preact';
import type { ReactElement } from 'react';

/** Show an element; the answer takes it away. */
export function mount(element: ReactElement, host: HTMLElement): () => void {
  render(element as unknown as ComponentChild, host); // in this build React.createElement is Preact's
  return () => render(null, host);
}
