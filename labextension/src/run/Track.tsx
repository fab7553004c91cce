/** `%track`: the curves of one or many runs, and a table of last and best values. */
import * as React from 'react';

import { MOST_RUNS } from '../model/bundle';
import type { RunRef, TrackBundle } from '../model/bundle';
import { group } from '../model/groups';
import type { RunModel } from '../model/run';
import { say } from '../words';
import { CurveChart } from './CurveChart';
import type { ChartLook, Source } from './CurveChart';
import { CurveTools } from './CurveTools';
import { MetricsSection } from './MetricsSection';
import { useCloser } from './RunCurves';
import { TrackTable } from './TrackTable';
import type { Known, Seen } from './TrackTable';
import { useCell, useFrame, useRun } from './surroundings';
import { useView } from './view';
import type { View } from './view';

const MOST_CHARTS = 6;
const TABLE_KEYS = 3;
/** Curves of more runs are not drawn anew for each that comes, but together. */
const MANY = 8;
const TOGETHER = 40;

export function Track({ bundle, runs }: { bundle: TrackBundle; runs: readonly RunRef[] }): JSX.Element {
  const [known, learn] = useKnown(runs.length > MANY);
  const { axis, smooth, log } = bundle;
  const view = useView(nameOf(bundle), { axis, smooth, log });
  const keys = keysOf(bundle, known);
  return (
    <section
      className="ts-panel"
      data-trackside="track-panel"
      data-runs={runs.map(run => run.runId).join(',')}
      aria-label={say('Curves of %1', runs.map(run => run.name).join(', '))}
    >
      {runs.map(run => (
        <Listener key={run.runId} id={run.runId} view={view} learn={learn} />
      ))}
      {keys.length === 0 ? (
        <p className="ts-note">{waitingWords(bundle)}</p>
      ) : (
        <>
          <div className="ts-tools-room">
            <CurveTools view={view} keys={allKeys(known)} />
          </div>
          <Charts bundle={bundle} runs={runs} known={known} keys={keys} view={view} />
        </>
      )}
      {(keys.length > 0 || bundle.varies.length > 0) && (
        <TrackTable keys={keys.slice(0, TABLE_KEYS)} varies={bundle.varies} runs={runs} known={known} view={view} />
      )}
      {bundle.runs.length > MOST_RUNS && (
        <p className="ts-note" data-trackside="more-runs">
          {say('These are the first %1 of %2 runs; the others stand in the side panel.', MOST_RUNS, bundle.runs.length)}
        </p>
      )}
      {runs.length === 1 && <OneRun id={runs[0]?.runId ?? ''} />}
    </section>
  );
}

/** What is known of the runs; of many, what comes within a moment is taken together. */
function useKnown(many: boolean): [Known, (id: string, seen: Seen) => void] {
  const [known, setKnown] = React.useState<Known>(new Map());
  const come = React.useRef(new Map<string, Seen>());
  const timer = React.useRef<ReturnType<typeof setTimeout>>();
  const learn = React.useCallback(
    (id: string, seen: Seen) => {
      come.current.set(id, seen);
      const take = () => {
        timer.current = undefined;
        const all = [...come.current];
        come.current.clear();
        setKnown(before => new Map([...before, ...all]));
      };
      if (!many) {
        take();
      } else {
        timer.current ??= setTimeout(take, TOGETHER);
      }
    },
    [many]
  );
  React.useEffect(
    () => () => {
      clearTimeout(timer.current);
      timer.current = undefined;
    },
    []
  );
  return [known, learn];
}

/** The same for the same runs and metrics, and short however many they are. */
function nameOf({ runs, keys }: TrackBundle): string {
  return ['track', runs.length, runs[0]?.uuid, runs[runs.length - 1]?.uuid, keys.join()].join(' ');
}

function OneRun({ id }: { id: string }): JSX.Element {
  return <MetricsSection model={useRun(id)} />;
}

interface ChartsProps {
  bundle: TrackBundle;
  runs: readonly RunRef[];
  known: Known;
  keys: readonly string[];
  view: View;
}

function Charts({ bundle, runs, known, keys, view }: ChartsProps): JSX.Element {
  const [more, setMore] = React.useState(false);
  const { axis, smooth, log } = view.wishes;
  const sync = `trackside-track-${runs.map(run => run.runId).join()}`;
  const look: ChartLook = { axis, smooth, log, last: bundle.last, sync, view };
  const version = [...known.values()].reduce((sum, each) => sum + each.version, 0);
  const shown = more ? keys : keys.slice(0, MOST_CHARTS);
  return (
    <>
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
      {keys.length > MOST_CHARTS && (
        <button type="button" className="ts-link ts-pad" aria-expanded={more} onClick={() => setMore(!more)}>
          {more ? say('Show fewer') : say('Show %1 more', keys.length - MOST_CHARTS)}
        </button>
      )}
    </>
  );
}

/** Watches one run's curves and facts; shows nothing by itself. */
function Listener(props: { id: string; view: View; learn: (id: string, seen: Seen) => void }): null {
  const { id, view, learn } = props;
  const { axis } = view.wishes;
  const model: RunModel = useRun(id);
  const facts = useCell(model.facts);
  const feed = model.metrics(axis);
  React.useEffect(() => {
    const watching = feed.watch();
    return () => watching.dispose();
  }, [feed]);
  useCloser(model, axis, view.zoom);
  const version = useFrame(feed.version);
  React.useEffect(() => learn(id, { version, curves: feed.curves.byKey, facts }), [version, id, feed, facts]);
  return null;
}

function allKeys(known: Known): string[] {
  const all = new Set([...known.values()].flatMap(each => [...each.curves.keys()]));
  return group([...all]).flatMap(({ keys }) => keys);
}

function keysOf(bundle: TrackBundle, known: Known): string[] {
  const all = allKeys(known);
  return bundle.keys.length > 0 ? bundle.keys.filter(key => all.includes(key)) : all;
}

function sourcesOf(key: string, runs: readonly RunRef[], known: Known): Source[] {
  return runs.flatMap((run, index) => {
    const curve = known.get(run.runId)?.curves.get(key);
    const label = runs.length > 1 ? run.name : key;
    return curve === undefined ? [] : [{ id: run.runId, label, color: index, curve }];
  });
}

function waitingWords(bundle: TrackBundle): string {
  const wanted = bundle.keys.join(', ');
  return wanted ? say('Nothing was logged as %1 yet.', wanted) : say('No metrics yet.');
}
