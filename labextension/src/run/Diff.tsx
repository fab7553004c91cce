/** A unified diff, its lines told apart by their signs and by colour. */
import * as React from 'react';

import { kindOf } from '../model/circumstances';

const MOST_LINES = 3000;

interface Props {
  text: string;
  /** Whether it goes on beyond what is here. */
  cut?: boolean;
}

export function Diff({ text, cut = false }: Props): JSX.Element {
  const lines = text.replace(/\n$/, '').split('\n');
  return (
    <pre className="ts-code ts-diff" tabIndex={0} data-trackside="diff">
      {lines.slice(0, MOST_LINES).map((line, index) => (
        <span key={index} className={`ts-diff-${kindOf(line)}`}>
          {line + '\n'}
        </span>
      ))}
      {(cut || lines.length > MOST_LINES) && '…'}
    </pre>
  );
}
