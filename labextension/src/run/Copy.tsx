/** A button that puts a text into the clipboard, and says so for a moment. */
import * as React from 'react';

import { say } from '../words';

const MOMENT = 1500;

interface Props {
  text: string;
  /** What it does, for who points at it. */
  title: string;
  className: string;
  /** Its name for tests. */
  name: string;
  tabIndex?: number;
  children: React.ReactNode;
}

export function Copy({ text, title, className, name, tabIndex = 0, children }: Props): JSX.Element {
  const [said, tell] = React.useState('');
  React.useEffect(() => {
    const timer = said === '' ? undefined : setTimeout(() => tell(''), MOMENT);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async (button: HTMLElement) => {
    const done = await copied(text, button);
    tell(done ? say('Copied') : say('Not copied'));
  };
  return (
    <button
      type="button"
      className={className}
      title={title}
      tabIndex={tabIndex}
      onClick={event => void copy(event.currentTarget)}
      data-trackside={name}
    >
      <span aria-live="polite">{said || children}</span>
    </button>
  );
}

/** Whether it worked. Pages without TLS have no clipboard of their own: there a field is selected and copied. */
async function copied(text: string, near: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement('textarea');
    field.value = text;
    field.style.position = 'fixed';
    field.style.opacity = '0';
    near.after(field);
    field.select();
    const done = document.execCommand('copy');
    field.remove();
    near.focus();
    return done;
  }
}
