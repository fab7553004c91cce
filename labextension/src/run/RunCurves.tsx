/** All curves of one run as small charts, the telling ones first. */
import * as React from 'react';

import { group, shortLabel } from '../model/groups';
import type { Group } from '../model/groups';
import type { RunModel } from '../model/run';
import type { Axis } from '../model/series';
import { count, say } from '../words';
import { CurveChart } from './CurveChart';
import type { ChartLook, Source } from './CurveChart';
import { useCell, useFrame } from './surroundings';
import type { View, Wishes, Zoom } from './view';

const PLAIN: Wishes = { axis: 'step', smooth: 0, log: false, hidden: [] };

export interface CurvesProps {
  model: RunModel;
  /** How the curves are looked at; as they are when nothing is said. */
  view?: View;
  /** How many charts are shown before one asks for more; null: all. */
  most?: number | null;
  /** Only metrics whose name holds this text. */
  filter?: string;
  /** What is shown while there are none. */
  empty?: React.ReactNode;
}

export function RunCurves(props: CurvesProps): JSX.Element | null {
  const { model, view, most = null, filter = '', empty = null } = props;
  const { axis, smooth, log } = view?.wishes ?? PLAIN;
  const [more, setMore] = React.useState(false);
  const { groups, version, source, problem } = useGroups(model, axis, filter);
  useCloser(model, axis, view?.zoom ?? null);
  if (groups.length === 0) {
    return <>{problem ? <p className="ts-note ts-bad">{problem}</p> : empty}</>;
  }
  const sync = `trackside-${model.id}-${axis}`;
  const look: ChartLook = { axis, smooth, log, last: null, sync, ...(view && { view }) };
  const colors = new Map(groups.flatMap(each => each.keys).map((key, index) => [key, index]));
  const shown = more || most === null ? groups : groups.slice(0, most);
  return (
    <>
      <div className="ts-charts" data-count={shown.length} data-trackside="curves">
        {shown.map(each => (
          <CurveChart key={each.title} {...drawn(each, source, colors)} look={look} version={version} />
        ))}
      </div>
      {most !== null && groups.length > most && (
        <button type="button" className="ts-link" onClick={() => setMore(!more)} aria-expanded={more}>
          {more ? say('Show fewer') : count('Show %1 more', 'Show %1 more', groups.length - most)}
        </button>
      )}
    </>
  );
}

/** What a chart is called and which lines it has. */
export function drawn(
  { keys, title }: Group,
  source: ReturnType<typeof useGroups>['source'],
  colors: ReadonlyMap<string, number>
): { name: string; title: string; sources: Source[] } {
  const many = keys.length > 1;
  const sources = keys.map((key, index) => source(key, colors.get(key) ?? index, many ? shortLabel(key, title) : key));
  return { name: title, title: many ? title : '', sources };
}

/** The run's metrics in groups, watched while the component stands. */
export function useGroups(
  model: RunModel,
  axis: Axis,
  filter = ''
): {
  groups: Group[];
  version: number;
  source: (key: string, color: number, label: string) => Source;
  problem: string;
} {
  const feed = model.metrics(axis);
  React.useEffect(() => {
    const watching = feed.watch();
    return () => watching.dispose();
  }, [feed]);
  const version = useFrame(feed.version);
  const problem = useCell(feed.problem);
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const keys = feed.curves.keys.filter(key => words.every(word => key.toLowerCase().includes(word)));
  const source = (key: string, color: number, label: string): Source => {
    const curve = feed.curves.byKey.get(key);
    if (curve === undefined) {
      throw new Error(`There is no curve ${key}.`);
    }
    return { id: key, label, color, curve };
  };
  return { groups: group(keys), version, source, problem };
}

/** While one looks closer at a part, ask for its points where history came with fewer. */
export function useCloser(model: RunModel, axis: Axis, zoom: Zoom): void {
  const [low, high] = zoom ?? [0, 0];
  React.useEffect(() => {
    if (zoom !== null) {
      void model.metrics(axis).look(low, high);
    }
  }, [model, axis, low, high, zoom === null]);
}
