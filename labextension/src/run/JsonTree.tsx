/** A JSON value that folds; short lists stand in one line. */
import * as React from 'react';

import { count } from '../words';

interface Props {
  value: unknown;
  name?: string;
  depth?: number;
}

const FIRST = 100;
/** Entries up to which a value below the top is open at first. */
const FEW = 12;
const SHORT = 80;
const LONGEST = 2000;

export function JsonTree({ value, name, depth = 0 }: Props): JSX.Element {
  const entries = entriesOf(value);
  const [open, setOpen] = React.useState(depth === 0 || (depth < 3 && (entries?.length ?? 0) <= FEW));
  const [shown, show] = React.useState(FIRST);
  if (entries === null) {
    return (
      <div className="ts-json-leaf">
        <Name name={name} />
        <Leaf value={value} />
      </div>
    );
  }
  const hidden = entries.length - shown;
  return (
    <div className="ts-json">
      <button type="button" className="ts-fold" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Name name={name} />
        <span className="ts-faint">{summary(value, entries.length)}</span>
      </button>
      {open && (
        <div className="ts-json-inside">
          {entries.slice(0, shown).map(([key, each]) => (
            <JsonTree key={key} name={key} value={each} depth={depth + 1} />
          ))}
          {hidden > 0 && (
            <button type="button" className="ts-link" onClick={() => show(shown + 10 * FIRST)}>
              {count('Show %1 more', 'Show %1 more', Math.min(hidden, 10 * FIRST))}
            </button>
          )}
        </div>
      )}
    </div>
  );
}

function Name({ name }: { name: string | undefined }): JSX.Element | null {
  return name === undefined ? null : <span className="ts-json-name">{name}</span>;
}

function Leaf({ value }: { value: unknown }): JSX.Element {
  const type = value === null ? 'null' : typeof value;
  const text = Array.isArray(value)
    ? `[${value.map(each => JSON.stringify(each)).join(', ')}]`
    : (JSON.stringify(value) ?? '');
  return <span className={`ts-json-${type}`}>{text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text}</span>;
}

/** What lies in a value; null for one that stands in one line. */
function entriesOf(value: unknown): [string, unknown][] | null {
  if (typeof value !== 'object' || value === null) {
    return null;
  }
  const entries = Object.entries(value);
  const plain = Array.isArray(value) && entries.length <= FEW && value.every(each => typeof each !== 'object');
  return entries.length === 0 || (plain && JSON.stringify(value).length <= SHORT) ? null : entries;
}

function summary(value: unknown, length: number): string {
  return Array.isArray(value) ? count('%1 entry', '%1 entries', length) : count('%1 key', '%1 keys', length);
}
