/** A status as a dot: filled while and after running, hollow while waiting. */
import * as React from 'react';

import type { Status } from '../api/types';
import { statusWord } from '../words';

export function Dot({ status }: { status: Status }): JSX.Element {
  return (
    <span className={`ts-dot ts-dot-${status}`} role="img" aria-label={statusWord(status)} title={statusWord(status)} />
  );
}
