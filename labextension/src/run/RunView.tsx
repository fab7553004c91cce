/** A run in the main area, in tabs. */
import * as React from 'react';

import type { Facts, RunModel } from '../model/run';
import type { Axis } from '../model/series';
import { isFinal } from '../model/jobs';
import { say } from '../words';
import { Artifacts } from './Artifacts';
import { Config } from './Config';
import { Header } from './Header';
import { LogView } from './LogView';
import { Outputs } from './Outputs';
import { Overview } from './Overview';
import { Resources } from './Resources';
import { RunCurves } from './RunCurves';
import { SystemTab } from './SystemTab';
import { useCell, useRun } from './surroundings';
import type { Tab } from './surroundings';

const TABS: readonly Tab[] = ['overview', 'curves', 'log', 'outputs', 'artifacts', 'system', 'config'];

const TITLES: Record<Tab, () => string> = {
  overview: () => say('Overview'),
  curves: () => say('Curves'),
  log: () => say('Log'),
  outputs: () => say('Outputs'),
  artifacts: () => say('Artifacts'),
  system: () => say('System'),
  config: () => say('Config')
};

interface Props {
  runId: string;
  tab: Tab;
  onTab: (tab: Tab) => void;
  onName: (name: string) => void;
}

export function RunView({ runId, tab, onTab, onName }: Props): JSX.Element {
  const model = useRun(runId);
  const facts = useCell(model.facts);
  const name = facts.job?.name ?? facts.run?.name ?? null;
  React.useEffect(() => {
    if (name !== null) {
      onName(name);
    }
  }, [name]);
  if (facts.run === null && facts.job === null) {
    return <Absent facts={facts} runId={runId} />;
  }
  return (
    <div className="ts-view" data-trackside="run-view" data-run-id={runId} data-status={facts.job?.status ?? facts.run?.status}>
      <Header facts={facts} opens={false} />
      {facts.job !== null && <Resources job={facts.job} />}
      <Tabs runId={runId} tab={tab} onTab={onTab} />
      <div
        className={`ts-tabpanel ts-tabpanel-${tab}`}
        role="tabpanel"
        id={`ts-panel-${runId}`}
        aria-labelledby={`ts-tab-${runId}-${tab}`}
        tabIndex={-1}
      >
        <Page tab={tab} model={model} facts={facts} />
      </div>
    </div>
  );
}

function Absent({ facts, runId }: { facts: Facts; runId: string }): JSX.Element {
  const words: Record<Facts['state'], string> = {
    loading: say('Reading %1 …', runId),
    here: '',
    gone: say('%1 is not here any more; it was deleted.', runId),
    unreachable: say('The server does not answer; trying again. %1', facts.problem)
  };
  return (
    <div className="ts-view" data-trackside="run-view" data-run-id={runId}>
      <p className="ts-note">{words[facts.state]}</p>
    </div>
  );
}

/** Tabs as a keyboard expects them: one stop, arrows between, Home and End. */
function Tabs({ runId, tab, onTab }: { runId: string; tab: Tab; onTab: (tab: Tab) => void }): JSX.Element {
  const list = React.useRef<HTMLDivElement>(null);
  const go = (event: React.KeyboardEvent) => {
    const at = TABS.indexOf(tab);
    const to: Record<string, number> = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: TABS.length - 1 };
    const next = to[event.key];
    const chosen = next === undefined ? undefined : TABS[(next + TABS.length) % TABS.length];
    if (chosen !== undefined) {
      event.preventDefault();
      onTab(chosen);
      list.current?.querySelector<HTMLElement>(`[data-tab="${chosen}"]`)?.focus();
    }
  };
  return (
    <div className="ts-tabs" role="tablist" ref={list} onKeyDown={go}>
      {TABS.map(each => (
        <button
          type="button"
          key={each}
          role="tab"
          id={`ts-tab-${runId}-${each}`}
          className="ts-tab"
          data-tab={each}
          data-trackside={`tab-${each}`}
          aria-selected={each === tab}
          aria-controls={`ts-panel-${runId}`}
          tabIndex={each === tab ? 0 : -1}
          onClick={() => onTab(each)}
        >
          {TITLES[each]()}
        </button>
      ))}
    </div>
  );
}

function Page({ tab, model, facts }: { tab: Tab; model: RunModel; facts: Facts }): JSX.Element {
  const status = facts.job?.status ?? facts.run?.status ?? 'pending';
  const name = facts.job?.name ?? facts.run?.name ?? model.id;
  switch (tab) {
    case 'overview':
      return <Overview model={model} facts={facts} />;
    case 'curves':
      return <CurvesPage model={model} />;
    case 'log':
      return <LogView model={model} name={name} empty={isFinal(status) ? say('Nothing was printed.') : say('Nothing printed yet.')} />;
    case 'outputs':
      return (
        <div className="ts-page">
          <Outputs model={model} errors={true} empty={<p className="ts-note ts-flush">{say('Figures and tables that the cell shows come here.')}</p>} />
        </div>
      );
    case 'artifacts':
      return <ArtifactsPage model={model} />;
    case 'system':
      return <SystemTab model={model} />;
    case 'config':
      return <Config facts={facts} />;
  }
}

function CurvesPage({ model }: { model: RunModel }): JSX.Element {
  const [axis, setAxis] = React.useState<Axis>('step');
  const [weight, setWeight] = React.useState(0);
  const [log, setLog] = React.useState(false);
  const [filter, setFilter] = React.useState('');
  return (
    <div className="ts-page">
      <div className="ts-tools">
        <input
          className="ts-input"
          type="search"
          value={filter}
          placeholder={say('Filter metrics')}
          aria-label={say('Filter metrics')}
          onChange={event => setFilter(event.target.value)}
        />
        <label>
          {say('x')}
          <select className="ts-input" value={axis} onChange={event => setAxis(event.target.value === 'time' ? 'time' : 'step')}>
            <option value="step">{say('step')}</option>
            <option value="time">{say('time')}</option>
          </select>
        </label>
        <label>
          {say('smooth')}
          <input type="range" min={0} max={0.95} step={0.05} value={weight} onChange={event => setWeight(Number(event.target.value))} />
          <output>{weight.toFixed(2)}</output>
        </label>
        <label>
          <input type="checkbox" checked={log} onChange={event => setLog(event.target.checked)} />
          {say('log scale')}
        </label>
        <span className="ts-space" />
        <span className="ts-faint">{say('Drag to zoom, double-click for all')}</span>
      </div>
      <RunCurves
        model={model}
        axis={axis}
        smooth={weight}
        log={log}
        filter={filter}
        empty={
          <p className="ts-note ts-flush">
            {filter ? say('No metric has this in its name.') : say('No metrics yet. In the cell:')} {!filter && <code>{'trackside.log({"loss": loss}, step=step)'}</code>}
          </p>
        }
      />
    </div>
  );
}

function ArtifactsPage({ model }: { model: RunModel }): JSX.Element {
  const [root, setRoot] = React.useState<'artifacts' | 'run'>('artifacts');
  return (
    <div className="ts-page">
      <div className="ts-tools">
        <label>
          <input type="checkbox" checked={root === 'run'} onChange={event => setRoot(event.target.checked ? 'run' : 'artifacts')} />
          {say('all files of the run folder')}
        </label>
      </div>
      <Artifacts
        model={model}
        root={root}
        empty={
          <p className="ts-note ts-flush">
            {say('No files yet. In the cell:')} <code>run.save_artifact("model.pt")</code>
          </p>
        }
      />
    </div>
  );
}
