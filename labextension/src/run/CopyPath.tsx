/** A button that puts a path into the clipboard, and says so for a moment. */
import * as React from 'react';

import { say } from '../words';

interface Props {
  path: string;
  tabIndex: number;
}

const MOMENT = 1500;

export function CopyPath({ path, tabIndex }: Props): JSX.Element {
  const [said, tell] = React.useState('');
  React.useEffect(() => {
    const timer = said === '' ? undefined : setTimeout(() => tell(''), MOMENT);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async (button: HTMLElement) => {
    const done = await copied(path, button);
    tell(done ? say('Copied') : say('Not copied'));
  };
  return (
    <button
      type="button"
      className="ts-link"
      title={path}
      tabIndex={tabIndex}
      onClick={event => void copy(event.currentTarget)}
      data-trackside="copy-path"
    >
      <span aria-live="polite">{said || say('Copy path')}</span>
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
