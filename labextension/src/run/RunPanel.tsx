/** The live panel of one run, as it stands below the cell that submitted it. */
import * as React from 'react';

import type { Job } from '../api/types';
import type { Facts, RunModel } from '../model/run';
import { currentProgress } from '../model/feed';
import { isFinal } from '../model/jobs';
import { say } from '../words';
import { Artifacts } from './Artifacts';
import { Fold } from './Fold';
import type { Frame } from './Fold';
import { Header } from './Header';
import { LogView } from './LogView';
import { Media } from './Media';
import { MetricsSection } from './MetricsSection';
import { Outputs } from './Outputs';
import { ProgressBar, Resources } from './Resources';
import { Results } from './Results';
import { RunCurves, useGroups } from './RunCurves';
import { Source, sourceOf } from './Source';
import { Usage } from './Usage';
import { useCell, useFrame, useMemory } from './surroundings';

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
      {facts.job !== null && <Resources job={facts.job}>{status === 'running' && <Usage model={model} />}</Resources>}
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
  const { job } = facts;
  const status = job?.status ?? facts.run?.status ?? 'pending';
  return status === 'running' || isFinal(status) ? (
    <>
      <Halves model={model} status={status} name={name} />
      <MetricsSection model={model} />
      <Media model={model} most={MEDIA_FIRST} frame={folding('media', say('Media'))} />
      <Outputs model={model} frame={folding('outputs', say('Outputs'))} />
      {job !== null && <Results model={model} job={job} frame={folding('results', say('Brought back'))} />}
      <Artifacts model={model} first={FILES_FIRST} frame={folding('files', say('Files'))} />
      {job !== null && sourceOf(job) && (
        <Fold name="source" title={job.spec.cell == null ? say('Command') : say('Cell')} folded={true}>
          <Source job={job} />
        </Fold>
      )}
    </>
  ) : null;
}

/** A frame that folds what stands in it. */
function folding(name: string, title: string): Frame {
  return part => (
    <Fold name={name} title={title}>
      {part}
    </Fold>
  );
}

/** The curves beside the log; what there is nothing of leaves its room to the other. */
function Halves({ model, status, name }: { model: RunModel; status: Job['status']; name: string }): JSX.Element | null {
  const { groups } = useGroups(model, 'step');
  useFrame(model.log.version);
  const [curvesFolded, logFolded] = [useMemory('fold:curves', false)[0], useMemory('fold:log', false)[0]];
  const curves = groups.length > 0;
  const quiet = isFinal(status) && !curves && !logFolded && model.log.buffer.lineCount === 0;
  const beside = curves && !curvesFolded && !logFolded;
  return (
    <div className={`ts-grid ${beside ? 'ts-two' : 'ts-one'} ${quiet ? 'ts-quiet' : ''}`}>
      {curves && (
        <Fold name="curves" title={say('Curves')}>
          <RunCurves model={model} most={CHARTS_FIRST} />
        </Fold>
      )}
      <Fold name="log" title={say('Log')}>
        <LogView model={model} name={name} empty={emptyLog(status)} />
      </Fold>
    </div>
  );
}

function emptyLog(status: string): string {
  return status === 'running' ? say('Nothing printed yet.') : say('Nothing was printed.');
}
