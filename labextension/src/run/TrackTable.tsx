/** One row for each run of a panel: where it stands, what varies, last and best values; the best of each stands out. */
import * as React from 'react';

import type { RunRef } from '../model/bundle';
import { best, goal } from '../model/groups';
import { isFinal } from '../model/jobs';
import { compared } from '../model/rows';
import type { Order } from '../model/rows';
import type { Facts } from '../model/run';
import type { Curve } from '../model/series';
import { exact } from '../model/settings';
import { clock, number, say, seconds, statusWord } from '../words';
import { Dot } from './Dot';
import { LegendItem } from './LegendItem';
import { SortHead } from './SortHead';
import { useHere, useNow } from './surroundings';
import type { View } from './view';

/** What is known of one run. */
export interface Seen {
  readonly version: number;
  readonly curves: ReadonlyMap<string, Curve>;
  readonly facts: Facts;
}

export type Known = ReadonlyMap<string, Seen>;

interface Props {
  keys: readonly string[];
  /** Names of settings that have a column. */
  varies: readonly string[];
  runs: readonly RunRef[];
  known: Known;
  view: View;
}

export function TrackTable({ keys, varies, runs, known, view }: Props): JSX.Element {
  const [sorting, sort] = React.useState<Order | null>(null);
  const going = runs.some(run => !over(known.get(run.runId)?.facts));
  const now = useNow(going && runs.length > 1);
  const states = runs.length > 1 && (going || varies.length > 0);
  const columns = columnsOf(keys, varies, states, keys.length > 0 && view.wishes.axis === 'step', now);
  const rows = runs.map((run, index) => ({ run, index, seen: known.get(run.runId) }));
  const chosen = columns.find(({ id }) => id === sorting?.column);
  if (sorting !== null && chosen !== undefined) {
    rows.sort((a, b) => compared(chosen.order(a.seen), chosen.order(b.seen), sorting.down));
  }
  const leaders = new Map(keys.map(key => [key, leader(key, runs, known)]));
  const star = [...leaders.values()].find(index => index !== null) ?? null;
  return (
    <div className="ts-table-room">
      <table className="ts-table" data-trackside="track-table">
        <thead>
          <tr>
            <th scope="col">{say('run')}</th>
            {columns.map(({ id, title, down }) => (
              <SortHead key={id} column={id} sorting={sorting} sort={sort} down={down}>
                {title}
              </SortHead>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ run, index, seen }) => (
            <tr
              key={run.runId}
              data-run-id={run.runId}
              data-best={index === star}
              data-status={statusOf(seen?.facts)}
              className={view.wishes.hidden.includes(run.runId) ? 'ts-hidden' : undefined}
            >
              <td>
                <Name run={run} index={index} view={view} star={index === star} many={runs.length > 1} />
              </td>
              {columns.map(({ id, show, best: key }) => (
                <td key={id} className={key !== undefined && leaders.get(key) === index ? 'ts-best' : undefined}>
                  {show(seen)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface NameProps {
  run: RunRef;
  index: number;
  view: View;
  star: boolean;
  many: boolean;
}

function Name({ run, index, view, star, many }: NameProps): JSX.Element {
  const { actions } = useHere();
  return (
    <>
      <LegendItem id={run.runId} color={index} view={many ? view : undefined}>
        <span className="ts-unseen">{many ? run.name : ''}</span>
      </LegendItem>
      <button type="button" className="ts-plainlink" onClick={() => actions.open(run.runId, run.name, 'curves')}>
        {run.name}
      </button>
      {star && (
        <span role="img" aria-label={say('best')} title={say('The best of these')}>
          {' '}
          ★
        </span>
      )}
    </>
  );
}

interface Column {
  readonly id: string;
  readonly title: string;
  readonly down: boolean;
  /** The metric whose best value is marked here. */
  readonly best?: string | undefined;
  order(seen: Seen | undefined): number | string | null;
  show(seen: Seen | undefined): React.ReactNode;
}

function columnsOf(
  keys: readonly string[],
  varies: readonly string[],
  states: boolean,
  steps: boolean,
  now: number
): Column[] {
  const status: Column = {
    id: 'status',
    title: say('status'),
    down: false,
    order: seen => statusOf(seen?.facts) ?? null,
    show: seen => <Standing facts={seen?.facts} now={now} />
  };
  const settings = varies.map<Column>(name => ({
    id: `config ${name}`,
    title: name,
    down: false,
    order: seen => orderOf(settingOf(seen, name)),
    show: seen => (settingOf(seen, name) === undefined ? '' : exact(settingOf(seen, name)))
  }));
  const step: Column = {
    id: 'step',
    title: say('step'),
    down: true,
    order: seen => lastStep(keys, seen),
    show: seen => number(lastStep(keys, seen))
  };
  return [...(states ? [status] : []), ...settings, ...(steps ? [step] : []), ...keys.flatMap(metricColumns)];
}

/** Last and both ends of a metric; the one that its name says is best is marked. */
function metricColumns(key: string): Column[] {
  const towards = goal(key);
  return (['last', 'min', 'max'] as const).map(end => ({
    id: `${end} ${key}`,
    title: end === 'last' ? key : end === 'min' ? say('min') : say('max'),
    down: towards === 'max',
    best: end === towards ? key : undefined,
    order: seen => seen?.curves.get(key)?.[end] ?? null,
    show: seen => number(seen?.curves.get(key)?.[end] ?? null)
  }));
}

function Standing({ facts, now }: { facts: Facts | undefined; now: number }): JSX.Element {
  const status = statusOf(facts);
  const took = facts?.job && status === 'running' ? seconds(facts.job.started_at, null, now) : null;
  return status === undefined ? (
    <></>
  ) : (
    <span className="ts-standing" title={facts?.job?.message}>
      <Dot status={status} />
      {took === null ? statusWord(status) : clock(took)}
    </span>
  );
}

function statusOf(facts: Facts | undefined) {
  return facts?.job?.status ?? facts?.run?.status;
}

function over(facts: Facts | undefined): boolean {
  const status = statusOf(facts);
  return status === undefined || isFinal(status);
}

function settingOf(seen: Seen | undefined, name: string): unknown {
  return seen?.facts.run?.config[name];
}

function orderOf(value: unknown): number | string | null {
  return typeof value === 'number' || typeof value === 'string' ? value : value === undefined ? null : String(value);
}

function lastStep(keys: readonly string[], seen: Seen | undefined): number | null {
  return keys.map(key => seen?.curves.get(key)?.lastX).find(x => x != null) ?? null;
}

function leader(key: string, runs: readonly RunRef[], known: Known): number | null {
  const towards = goal(key);
  const values = runs.map(run => {
    const curve = known.get(run.runId)?.curves.get(key);
    return (towards === 'max' ? curve?.max : curve?.min) ?? null;
  });
  return best(values, towards);
}
