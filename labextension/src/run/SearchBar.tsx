/** Where one looks for a text in a log: from its end upwards, line by line. */
import * as React from 'react';

import type { LogSearch, Search } from '../model/search';
import { say } from '../words';
import { useCell } from './surroundings';

interface Props {
  search: LogSearch;
  /** Show the line around a byte; null: none any more. */
  show: (at: number | null, text: string) => Promise<void>;
  close: () => void;
}

export function SearchBar({ search, show, close }: Props): JSX.Element {
  const found = useCell(search.state);
  const [text, setText] = React.useState('');
  const match = found.matches[found.at];
  React.useEffect(() => void show(match?.at ?? null, found.text), [match]);
  const leave = () => {
    void search.find('');
    void show(null, '');
    close();
  };
  const pressed = (event: React.KeyboardEvent) => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      leave();
    } else if (event.key === 'Enter') {
      event.preventDefault();
      void (text === found.text ? search.step(event.shiftKey ? 1 : -1) : search.find(text));
    }
  };
  return (
    <div className="ts-log-search" role="search" onKeyDown={pressed}>
      <input
        className="ts-input"
        type="search"
        autoFocus={true}
        value={text}
        placeholder={say('Search from the end, Enter goes up')}
        aria-label={say('Search in the log')}
        data-trackside="log-search-text"
        onChange={event => setText(event.target.value)}
      />
      <span className={found.problem ? 'ts-bad' : undefined} role="status" data-trackside="log-found">
        {foundWords(found)}
      </span>
      <Step title={say('The next one further up')} off={!hasOlder(found)} act={() => search.step(-1)}>
        ↑
      </Step>
      <Step title={say('Back down')} off={found.at <= 0} act={() => search.step(1)}>
        ↓
      </Step>
      <Step title={say('Close the search')} off={false} act={leave}>
        ✕
      </Step>
    </div>
  );
}

function hasOlder({ matches, at, next, busy }: Search): boolean {
  return !busy && matches.length > 0 && (at + 1 < matches.length || next !== null);
}

/** `2 of 14 lines`, `2 of more than 100`, or that there is none. */
function foundWords({ text, matches, at, next, busy, problem }: Search): string {
  if (problem || text === '') {
    return problem;
  }
  if (matches.length === 0) {
    return busy ? say('Searching …') : say('Not in this log.');
  }
  return next === null
    ? say('line %1 of %2', at + 1, matches.length)
    : say('line %1 of more than %2', at + 1, matches.length);
}

function Step(props: { title: string; off: boolean; act: () => void; children: string }): JSX.Element {
  const { title, off, act, children } = props;
  return (
    <button type="button" className="ts-step" title={title} aria-label={title} disabled={off} onClick={act}>
      {children}
    </button>
  );
}
