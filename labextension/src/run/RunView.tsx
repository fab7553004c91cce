/** A run in the main area, in tabs. */
import * as React from 'react';

import type { Facts, RunModel } from '../model/run';
import { isFinal } from '../model/jobs';
import { say } from '../words';
import { Artifacts } from './Artifacts';
import { Config } from './Config';
import { CurvesPage } from './CurvesPage';
import { bare } from './Fold';
import { Header } from './Header';
import { LogView } from './LogView';
import { Media, useMedia } from './Media';
import { Outputs } from './Outputs';
import { Overview } from './Overview';
import { Resources } from './Resources';
import { Results } from './Results';
import { RunProgress } from './RunPanel';
import { SystemTab } from './SystemTab';
import { Usage } from './Usage';
import { useCell, useRun } from './surroundings';
import type { Tab } from './surroundings';

const TABS: readonly Tab[] = ['overview', 'curves', 'media', 'log', 'outputs', 'artifacts', 'system', 'config'];

const TITLES: Record<Tab, () => string> = {
  overview: () => say('Overview'),
  curves: () => say('Curves'),
  media: () => say('Media'),
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
  const media = useMedia(model);
  const tabs = TABS.filter(each => each !== 'media' || tab === 'media' || media.length > 0);
  React.useEffect(() => {
    if (name !== null) {
      onName(name);
    }
  }, [name]);
  if (facts.run === null && facts.job === null) {
    return <Absent facts={facts} runId={runId} />;
  }
  return (
    <div
      className="ts-view"
      data-trackside="run-view"
      data-run-id={runId}
      data-status={facts.job?.status ?? facts.run?.status}
    >
      <Header facts={facts} opens={false} />
      {facts.job !== null && (
        <Resources job={facts.job}>{facts.job.status === 'running' && <Usage model={model} />}</Resources>
      )}
      <RunProgress model={model} facts={facts} />
      <Tabs runId={runId} tab={tab} tabs={tabs} onTab={onTab} />
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
function Tabs(props: { runId: string; tab: Tab; tabs: readonly Tab[]; onTab: (tab: Tab) => void }): JSX.Element {
  const { runId, tab, tabs, onTab } = props;
  const list = React.useRef<HTMLDivElement>(null);
  const go = (event: React.KeyboardEvent) => {
    const at = tabs.indexOf(tab);
    const to: Record<string, number> = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 };
    const next = to[event.key];
    const chosen = next === undefined ? undefined : tabs[(next + tabs.length) % tabs.length];
    if (chosen !== undefined) {
      event.preventDefault();
      onTab(chosen);
      list.current?.querySelector<HTMLElement>(`[data-tab="${chosen}"]`)?.focus();
    }
  };
  return (
    <div className="ts-tabs" role="tablist" ref={list} onKeyDown={go}>
      {tabs.map(each => (
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
    case 'media':
      return (
        <div className="ts-page">
          <Media
            model={model}
            empty={
              <p className="ts-note ts-flush">
                {say('No images or tables yet. In the cell:')}{' '}
                <code>{'trackside.init().log_image("sample", image)'}</code>
              </p>
            }
          />
        </div>
      );
    case 'log':
      return (
        <LogView
          model={model}
          name={name}
          empty={isFinal(status) ? say('Nothing was printed.') : say('Nothing printed yet.')}
        />
      );
    case 'outputs':
      return (
        <div className="ts-page">
          <Outputs
            model={model}
            errors={true}
            empty={<p className="ts-note ts-flush">{say('Figures and tables that the cell shows come here.')}</p>}
          />
          {facts.job !== null && <Results model={model} job={facts.job} frame={bare} />}
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

function ArtifactsPage({ model }: { model: RunModel }): JSX.Element {
  const [root, setRoot] = React.useState<'artifacts' | 'run'>('artifacts');
  return (
    <div className="ts-page">
      <div className="ts-tools">
        <label>
          <input
            type="checkbox"
            checked={root === 'run'}
            onChange={event => setRoot(event.target.checked ? 'run' : 'artifacts')}
          />
          {say('all files of the run folder')}
        </label>
      </div>
      <Artifacts
        model={model}
        root={root}
        empty={
          <p className="ts-note ts-flush">
            {say('No files yet. In the cell:')} <code>trackside.init().save_artifact("model.pt")</code>
          </p>
        }
      />
    </div>
  );
}
