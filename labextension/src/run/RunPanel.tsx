/** The live panel of one run, as it stands below the cell that submitted it. */
import * as React from 'react';

import type { Facts, RunModel } from '../model/run';
import { currentProgress } from '../model/feed';
import { isFinal } from '../model/jobs';
import { say } from '../words';
import { Artifacts } from './Artifacts';
import { Header } from './Header';
import { LogView } from './LogView';
import { Media } from './Media';
import { MetricsSection } from './MetricsSection';
import { Outputs } from './Outputs';
import { ProgressBar, Resources } from './Resources';
import { RunCurves } from './RunCurves';
import { useCell, useFrame } from './surroundings';

const CHARTS_FIRST = 4;
const FILES_FIRST = 5;
const MEDIA_FIRST = 6;

export function RunPanel({ model }: { model: RunModel }): JSX.Element {
  const facts = useCell(model.facts);
  const status = facts.job?.status ?? facts.run?.status;
  const name = facts.job?.name ?? facts.run?.name ?? model.id;
  return (
    <section
      className="ts-panel"
      data-trackside="job-panel"
      data-run-id={model.id}
      data-status={status}
      aria-label={say('Job %1', name)}
    >
      <Header facts={facts} opens={true} />
      {facts.job !== null && <Resources job={facts.job} />}
      <RunProgress model={model} facts={facts} />
      {status !== undefined && <Body model={model} facts={facts} name={name} />}
    </section>
  );
}

/** The bar while a run that tells its progress is running. */
export function RunProgress({ model, facts }: { model: RunModel; facts: Facts }): JSX.Element | null {
  const feed = model.metrics('step');
  const running = (facts.job?.status ?? facts.run?.status) === 'running';
  React.useEffect(() => {
    const watching = running ? feed.watch() : null;
    return () => watching?.dispose();
  }, [feed, running]);
  const progress = currentProgress(useFrame(feed.progress), facts.job);
  return running && progress !== null ? (
    <div className="ts-pad-in">
      <ProgressBar progress={progress} />
    </div>
  ) : null;
}

function Body({ model, facts, name }: { model: RunModel; facts: Facts; name: string }): JSX.Element | null {
  const status = facts.job?.status ?? facts.run?.status ?? 'pending';
  const version = useFrame(model.metrics('step').version);
  useFrame(model.log.version);
  const lines = model.log.buffer.lineCount;
  const begun = status === 'running' || isFinal(status);
  if (!begun) {
    return null;
  }
  const curves = version > 0 && model.metrics('step').curves.byKey.size > 0;
  const quiet = isFinal(status) && lines === 0 && !curves;
  return (
    <>
      <div className={`ts-grid ${curves ? 'ts-two' : 'ts-one'} ${quiet ? 'ts-quiet' : ''}`}>
        <div className={curves ? 'ts-grid-part' : 'ts-none'}>
          <RunCurves model={model} most={CHARTS_FIRST} />
        </div>
        <div className="ts-grid-part">
          <LogView model={model} name={name} empty={emptyLog(status)} />
        </div>
      </div>
      <MetricsSection model={model} />
      <Media model={model} most={MEDIA_FIRST} />
      <Outputs model={model} />
      <div className="ts-tail">
        <Artifacts model={model} most={FILES_FIRST} />
      </div>
    </>
  );
}

function emptyLog(status: string): string {
  return status === 'running' ? say('Nothing printed yet.') : say('Nothing was printed.');
}
