/** A text that one click puts into the clipboard, and that says so for a moment. */
import * as React from 'react';

import { say } from '../words';

const MOMENT = 1500;

interface Props {
  text: string;
  /** What the button does, for who points at it. */
  title: string;
  className: string;
  name: string;
  children: React.ReactNode;
}

export function Copy({ text, title, className, name, children }: Props): JSX.Element {
  const [copied, setCopied] = React.useState(false);
  React.useEffect(() => {
    if (!copied) {
      return;
    }
    const timer = setTimeout(() => setCopied(false), MOMENT);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <button
      type="button"
      className={className}
      title={title}
      data-trackside={name}
      onClick={() => void copyText(text).then(setCopied)}
    >
      {copied ? say('copied') : children}
    </button>
  );
}

/** Answers whether it is there; browsers give the clipboard only to pages of https and of this machine. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text);
  }
}

function copySelected(text: string): boolean {
  const area = document.createElement('textarea');
  area.value = text;
  document.body.appendChild(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  return done;
}
