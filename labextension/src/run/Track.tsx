/** `%track`: the curves of one or many runs, and a table of last and best values. */
import * as React from 'react';

import type { RunRef, TrackBundle } from '../model/bundle';
import { best, goal, group } from '../model/groups';
import type { RunModel } from '../model/run';
import type { Curve } from '../model/series';
import { number, say } from '../words';
import { CurveChart, Dash } from './CurveChart';
import type { ChartLook, Source } from './CurveChart';
import { useFrame, useHere, useRun } from './surroundings';

/** Curves by key for each run, as far as they are known. */
type Known = ReadonlyMap<string, { readonly version: number; readonly curves: ReadonlyMap<string, Curve> }>;

const MOST_CHARTS = 6;

export function Track({ bundle, runs }: { bundle: TrackBundle; runs: readonly RunRef[] }): JSX.Element {
  const [known, setKnown] = React.useState<Known>(new Map());
  const [more, setMore] = React.useState(false);
  const learn = React.useCallback((id: string, version: number, curves: ReadonlyMap<string, Curve>) => {
    setKnown(before => new Map(before).set(id, { version, curves }));
  }, []);
  const keys = keysOf(bundle, known);
  const version = [...known.values()].reduce((sum, each) => sum + each.version, 0);
  const look: ChartLook = { ...bundle, sync: `trackside-track-${runs.map(run => run.runId).join()}` };
  const shown = more ? keys : keys.slice(0, MOST_CHARTS);
  return (
    <section className="ts-panel" data-trackside="track-panel" data-runs={runs.map(run => run.runId).join(',')}>
      {runs.map(run => (
        <Listener key={run.runId} id={run.runId} bundle={bundle} learn={learn} />
      ))}
      {keys.length === 0 ? (
        <p className="ts-note">{waitingWords(bundle)}</p>
      ) : (
        <div className="ts-charts ts-pad" data-trackside="curves" data-count={shown.length}>
          {shown.map(key => (
            <CurveChart
              key={key}
              name={key}
              sources={sourcesOf(key, runs, known)}
              look={look}
              version={version}
              bare={runs.length > 1}
            />
          ))}
        </div>
      )}
      {keys.length > MOST_CHARTS && (
        <button type="button" className="ts-link ts-pad" aria-expanded={more} onClick={() => setMore(!more)}>
          {more ? say('Show fewer') : say('Show %1 more', keys.length - MOST_CHARTS)}
        </button>
      )}
      {keys.length > 0 && <Table keys={keys.slice(0, 3)} runs={runs} known={known} />}
    </section>
  );
}

/** Watches one run's curves; shows nothing by itself. */
function Listener(props: {
  id: string;
  bundle: TrackBundle;
  learn: (id: string, version: number, curves: ReadonlyMap<string, Curve>) => void;
}): null {
  const { id, bundle, learn } = props;
  const model: RunModel = useRun(id);
  const feed = model.metrics(bundle.axis);
  React.useEffect(() => {
    const watching = feed.watch();
    return () => watching.dispose();
  }, [feed]);
  const version = useFrame(feed.version);
  React.useEffect(() => learn(id, version, feed.curves.byKey), [version, id]);
  return null;
}

function keysOf(bundle: TrackBundle, known: Known): string[] {
  const all = new Set([...known.values()].flatMap(each => [...each.curves.keys()]));
  return bundle.keys.length > 0 ? bundle.keys.filter(key => all.has(key)) : group([...all]).flatMap(({ keys }) => keys);
}

function sourcesOf(key: string, runs: readonly RunRef[], known: Known): Source[] {
  return runs.flatMap((run, index) => {
    const curve = known.get(run.runId)?.curves.get(key);
    return curve === undefined ? [] : [{ label: runs.length > 1 ? run.name : key, color: index, curve }];
  });
}

function waitingWords(bundle: TrackBundle): string {
  const wanted = bundle.keys.join(', ');
  return wanted ? say('Nothing was logged as %1 yet.', wanted) : say('No metrics yet.');
}

interface TableProps {
  keys: readonly string[];
  runs: readonly RunRef[];
  known: Known;
}

/** One row per run; the best of each metric stands out, the run that leads in the first has a star. */
function Table({ keys, runs, known }: TableProps): JSX.Element {
  const leaders = new Map(keys.map(key => [key, leader(key, runs, known)]));
  const starred = [...leaders.values()].find(index => index !== null) ?? null;
  return (
    <div className="ts-table-room">
      <table className="ts-table" data-trackside="track-table">
        <thead>
          <tr>
            <th scope="col">{say('run')}</th>
            <th scope="col">{say('step')}</th>
            {keys.flatMap(key =>
              columns(key).map(({ title, id }) => (
                <th scope="col" key={`${key} ${id}`}>
                  {title}
                </th>
              ))
            )}
          </tr>
        </thead>
        <tbody>
          {runs.map((run, index) => (
            <Row
              key={run.runId}
              run={run}
              index={index}
              keys={keys}
              known={known}
              leaders={leaders}
              star={index === starred}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  run: RunRef;
  index: number;
  keys: readonly string[];
  known: Known;
  leaders: ReadonlyMap<string, number | null>;
  star: boolean;
}

function Row({ run, index, keys, known, leaders, star }: RowProps): JSX.Element {
  const { actions } = useHere();
  const curves = known.get(run.runId)?.curves;
  const step = keys.map(key => curves?.get(key)?.lastX).find(x => x != null) ?? null;
  return (
    <tr data-run-id={run.runId} data-best={star}>
      <td>
        <Dash color={index} />
        <button type="button" className="ts-plainlink" onClick={() => actions.open(run.runId, run.name, 'curves')}>
          {run.name}
        </button>
        {star && (
          <span role="img" aria-label={say('best')} title={say('The best of these')}>
            {' '}
            ★
          </span>
        )}
      </td>
      <td>{number(step)}</td>
      {keys.flatMap(key =>
        columns(key).map(({ id, value }) => (
          <td key={`${key} ${id}`} className={id === goal(key) && leaders.get(key) === index ? 'ts-best' : undefined}>
            {number(value(curves?.get(key)))}
          </td>
        ))
      )}
    </tr>
  );
}

interface Column {
  readonly id: 'last' | 'min' | 'max';
  readonly title: string;
  value(curve: Curve | undefined): number | null;
}

/** Last, and what is best by the metric's name; both ends where the name does not say. */
function columns(key: string): Column[] {
  const last: Column = { id: 'last', title: key, value: curve => curve?.last ?? null };
  const min: Column = { id: 'min', title: say('min'), value: curve => curve?.min ?? null };
  const max: Column = { id: 'max', title: say('max'), value: curve => curve?.max ?? null };
  return [last, min, max];
}

function leader(key: string, runs: readonly RunRef[], known: Known): number | null {
  const towards = goal(key);
  const values = runs.map(run => {
    const curve = known.get(run.runId)?.curves.get(key);
    return (towards === 'max' ? curve?.max : curve?.min) ?? null;
  });
  return best(values, towards);
}
