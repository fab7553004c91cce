/** What a job runs: its cell, or its command. */
import * as React from 'react';

import type { Job } from '../api/types';

/** The code of the cell without the room of its magic, or the command as one would type it; empty: there is none. */
export function sourceOf(job: Job): string {
  const { cell, script, notebook, command, args } = job.spec;
  const line = [script ?? notebook ?? (Array.isArray(command) ? command.join(' ') : command), ...(args ?? [])];
  return cell?.replace(/^\n+/, '') ?? line.filter(Boolean).join(' ');
}

export function Source({ job }: { job: Job }): JSX.Element {
  return (
    <pre className="ts-code" tabIndex={0} data-trackside="source">
      {sourceOf(job)}
    </pre>
  );
}
