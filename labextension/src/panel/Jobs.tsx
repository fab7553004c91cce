/** The jobs: what runs, what waits and why, what ended today. */
import * as React from 'react';

import type { Job } from '../api/types';
import { NONE, stretched, toggled } from '../model/chosen';
import { found as foundBy } from '../model/finding';
import { sorted } from '../model/jobs';
import type { Sorted } from '../model/jobs';
import type { Beat } from '../model/pulse';
import { count, moment, sameDay, say } from '../words';
import { useCell, useFrame, useHere, useNow } from '../run/surroundings';
import { ChosenJobs } from './ChosenJobs';
import { JobRow } from './JobRow';
import { useOrder } from './order';
import { Section, useSection } from './Section';

const MOST = 100;
const WAITING_FIRST = 8;
const ENDED_FIRST = 6;
const QUIET = 300;

export function Jobs({ selected }: { selected: string | null }): JSX.Element {
  const { trackside } = useHere();
  const jobs = useFrame(trackside.jobs.state);
  const [filter, setFilter] = React.useState('');
  const [all, setAll] = React.useState(false);
  const found = React.useMemo(() => sorted(jobs, filter), [jobs, filter]);
  const beats = useFrame(trackside.pulse.beats);
  const now = useNow(found.running.length > 0);
  React.useEffect(() => trackside.pulse.follow(found.running), [found.running.map(job => job.id).join()]);
  React.useEffect(() => () => trackside.pulse.follow([]), [trackside]);
  useWaitingReasons(jobs.counts);
  useFinding(filter);
  const { running = 0, pending = 0, scheduled = 0 } = jobs.counts;
  const waits = filter === '' ? Math.max(pending + scheduled, found.waiting.length) : found.waiting.length;
  const ended = endedOf(found, filter !== '', now);
  const waiting = found.waiting.slice(0, all ? MOST : WAITING_FIRST);
  const rows = [...found.running.slice(0, MOST), ...waiting, ...ended.slice(0, all ? MOST : ENDED_FIRST)];
  return (
    <Section id="jobs" title={say('Jobs')} note={headWords(running, pending + scheduled)} {...useSection('jobs')}>
      <Paused />
      {jobs.loaded && jobs.byId.size === 0 && jobs.older === null ? (
        <Teach />
      ) : (
        <>
          <Filter value={filter} change={setFilter} />
          <Rows rows={rows} waiting={found.waiting} beats={beats} now={now} selected={selected} />
          <Rest
            listed={rows.length}
            known={found.running.length + waits + ended.length}
            all={all}
            filtered={filter !== ''}
            older={jobs.older !== null}
            unfold={setAll}
          />
        </>
      )}
    </Section>
  );
}

interface RowsProps {
  rows: readonly Job[];
  waiting: readonly Job[];
  beats: ReadonlyMap<string, Beat>;
  now: number;
  selected: string | null;
}

/** The rows, of which some may be chosen, and what can be done with those. */
function Rows({ rows, waiting, beats, now, selected }: RowsProps): JSX.Element {
  const [chosen, setChosen] = React.useState(NONE);
  const anchor = React.useRef<string | null>(null);
  const order = useOrder(waiting);
  const ids = rows.map(job => job.id);
  const choose = (id: string, many: boolean) => {
    setChosen(many ? stretched(chosen, ids, anchor.current, id) : toggled(chosen, id));
    anchor.current = id;
  };
  const held = rows.filter(job => chosen.has(job.id));
  return (
    <>
      <ChosenJobs jobs={held} clear={() => setChosen(NONE)} />
      <div
        className={`ts-rows ${held.length > 0 ? 'ts-choosing' : ''}`}
        role="list"
        onKeyDown={moveFocus}
        data-trackside="job-list"
      >
        {rows.map(job => (
          <JobRow
            key={job.id}
            job={job}
            beat={beats.get(job.run_id)}
            now={now}
            selected={job.run_id === selected}
            chosen={chosen.has(job.id)}
            choose={many => choose(job.id, many)}
            order={order(job)}
          />
        ))}
      </div>
    </>
  );
}

/** That nothing starts, and the way out. */
function Paused(): JSX.Element | null {
  const { trackside, actions } = useHere();
  const { paused, since, by } = useCell(trackside.queue.state);
  if (!paused) {
    return null;
  }
  const when = since === null ? '' : say('since %1', moment(since, trackside.now()));
  const who = by ? say('by %1', by) : '';
  return (
    <div className="ts-note ts-paused" role="status" data-trackside="queue-paused">
      <span>{[say('The queue is paused'), when, who].filter(Boolean).join(' ')}. </span>
      <button
        type="button"
        className="ts-link"
        data-trackside="resume-queue"
        onClick={() => void actions.resumeQueue()}
      >
        {say('Resume')}
      </button>
    </div>
  );
}

function Filter({ value, change }: { value: string; change: (value: string) => void }): JSX.Element {
  return (
    <input
      className="ts-input ts-wide"
      type="search"
      value={value}
      placeholder={say('Filter: name, tag:, status:')}
      aria-label={say('Filter jobs by name, tag: or status:')}
      data-trackside="job-filter"
      onChange={event => change(event.target.value)}
    />
  );
}

function headWords(running: number, waiting: number): string {
  const parts = [running > 0 ? say('%1 running', running) : '', waiting > 0 ? say('%1 waiting', waiting) : ''];
  return parts.filter(Boolean).join(' · ');
}

/** Those that ended today; when none did, the last few. With a filter, all that fit. */
function endedOf(found: Sorted, filtered: boolean, now: number): readonly Job[] {
  const today = found.ended.filter(job => job.finished_at !== null && sameDay(job.finished_at, now));
  return filtered ? found.ended : today.length > 0 ? today : found.ended.slice(0, ENDED_FIRST);
}

interface RestProps {
  listed: number;
  known: number;
  all: boolean;
  filtered: boolean;
  older: boolean;
  unfold: (all: boolean) => void;
}

/** What is not listed, and a way to more. */
function Rest({ listed, known, all, filtered, older, unfold }: RestProps): JSX.Element {
  const { trackside } = useHere();
  return (
    <div className="ts-note ts-rest">
      {listed === 0 && <span>{filtered ? say('No job fits this filter.') : say('No jobs now.')}</span>}
      {all && known > listed && <span>{say('and %1 more; the filter finds them', known - listed)}</span>}
      {(all || known > listed) && (
        <button type="button" className="ts-link" aria-expanded={all} onClick={() => unfold(!all)}>
          {all ? say('Show fewer') : count('Show %1 more', 'Show %1 more', known - listed)}
        </button>
      )}
      {filtered && older && (
        <button type="button" className="ts-link" onClick={() => void trackside.jobs.readOlder()}>
          {say('Look further back')}
        </button>
      )}
    </div>
  );
}

/** What is not held is looked for on the server once one stops typing. */
function useFinding(filter: string): void {
  const { trackside } = useHere();
  React.useEffect(() => {
    if (filter.trim() === '') {
      return;
    }
    const find = () => void trackside.jobs.find(() => foundBy(trackside.rest, filter)).catch(() => undefined); // the connection's state is shown elsewhere
    const timer = setTimeout(find, QUIET);
    return () => clearTimeout(timer);
  }, [filter, trackside]);
}

/** Why jobs wait changes when others begin or end. */
function useWaitingReasons(counts: Readonly<Record<string, number>>): void {
  const { trackside } = useHere();
  const { running = 0, pending = 0, scheduled = 0 } = counts;
  const waiting = pending + scheduled;
  React.useEffect(() => {
    if (waiting === 0) {
      return;
    }
    const read = () => void trackside.jobs.readWaiting().catch(() => undefined); // the connection's state is shown elsewhere
    const first = setTimeout(read, 300);
    const timer = setInterval(() => document.hidden || read(), 10_000);
    return () => {
      clearTimeout(first);
      clearInterval(timer);
    };
  }, [running, waiting, trackside]);
}

function Teach(): JSX.Element {
  return (
    <div className="ts-teach" data-trackside="teach">
      <p>{say('No jobs yet. Put this over a cell and run it:')}</p>
      <pre>%load_ext trackside</pre>
      <pre>
        {'%%submit --name first\nfor step in range(100):\n    trackside.log({"loss": 1 / (step + 1)}, step=step)'}
      </pre>
      <p>
        {say('The cell becomes a job with its own process; the kernel stays free, and the job goes on when it dies.')}
      </p>
    </div>
  );
}

/** Up and down between rows, as in any list. */
export function moveFocus(event: React.KeyboardEvent<HTMLElement>): void {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') {
    return;
  }
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-row]')];
  const at = rows.findIndex(row => row.parentElement?.contains(document.activeElement) ?? false);
  const next = rows[at + (event.key === 'ArrowDown' ? 1 : -1)];
  if (next !== undefined) {
    event.preventDefault();
    next.focus();
  }
}
