/** All curves of a run as charts: those that one pinned first, many in sections that fold. */
import * as React from 'react';

import type { Group } from '../model/groups';
import type { RunModel } from '../model/run';
import { pinnedOf, sectionsOf } from '../model/sections';
import { count, say } from '../words';
import { CurveChart } from './CurveChart';
import type { ChartLook } from './CurveChart';
import { Fold } from './Fold';
import { drawn, useCloser, useGroups } from './RunCurves';
import { useMemory } from './surroundings';
import type { View } from './view';

/** Charts of a section before one asks for more. */
const MOST = 24;

interface Props {
  model: RunModel;
  view: View;
  filter: string;
  empty: React.ReactNode;
}

export function CurveSections({ model, view, filter, empty }: Props): JSX.Element {
  const { axis, smooth, log } = view.wishes;
  const found = useGroups(model, axis, filter);
  const [pins, setPins] = useMemory<readonly string[]>('pins', []);
  useCloser(model, axis, view.zoom);
  if (found.groups.length === 0) {
    return <>{found.problem ? <p className="ts-note ts-bad">{found.problem}</p> : empty}</>;
  }
  const look: ChartLook = { axis, smooth, log, last: null, sync: `trackside-${model.id}-${axis}`, view };
  const colors = new Map(found.groups.flatMap(each => each.keys).map((key, index) => [key, index]));
  const toggle = (title: string) =>
    setPins(pins.includes(title) ? pins.filter(pin => pin !== title) : [...pins, title]);
  const chart = (each: Group) => (
    <div className="ts-chart-room" key={each.title}>
      <CurveChart {...drawn(each, found.source, colors)} look={look} version={found.version} />
      <Pin title={each.title} pinned={pins.includes(each.title)} toggle={toggle} />
    </div>
  );
  const pinned = pinnedOf(found.groups, pins);
  const sections = sectionsOf(found.groups.filter(each => !pinned.includes(each)));
  const alone = pinned.length === 0 && sections.length === 1;
  return (
    <>
      {pinned.length > 0 && (
        <Fold name="curves pinned" title={say('Pinned')}>
          <Charts charts={pinned} chart={chart} />
        </Fold>
      )}
      {sections.map(({ name, charts }) =>
        alone ? (
          <Charts key={name} charts={charts} chart={chart} />
        ) : charts.length === 0 ? null : (
          <Fold
            key={name}
            name={`curves ${name}`}
            title={name || say('Metrics')}
            note={count('%1 chart', '%1 charts', charts.length)}
          >
            <Charts charts={charts} chart={chart} />
          </Fold>
        )
      )}
    </>
  );
}

function Charts({ charts, chart }: { charts: readonly Group[]; chart: (each: Group) => JSX.Element }): JSX.Element {
  const [most, setMost] = React.useState(MOST);
  const shown = charts.slice(0, most);
  return (
    <>
      <div className="ts-charts" data-count={shown.length} data-trackside="curves">
        {shown.map(chart)}
      </div>
      {charts.length > most && (
        <button type="button" className="ts-link" onClick={() => setMost(most + MOST)}>
          {say('Show %1 more', Math.min(MOST, charts.length - most))}
        </button>
      )}
    </>
  );
}

interface PinProps {
  title: string;
  pinned: boolean;
  toggle: (title: string) => void;
}

function Pin({ title, pinned, toggle }: PinProps): JSX.Element {
  return (
    <button
      type="button"
      className="ts-pin ts-pin-chart"
      aria-pressed={pinned}
      aria-label={say('Pin the chart of %1', title)}
      title={pinned ? say('Pinned: it stands first in every run') : say('Pin: have it first in every run')}
      data-trackside="pin-chart"
      onClick={() => toggle(title)}
    >
      {pinned ? '★' : '☆'}
    </button>
  );
}
