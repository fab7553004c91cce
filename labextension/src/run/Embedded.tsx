/** What a notebook's output becomes: a live panel when the run is ours, else the picture that was saved with it. */
import * as React from 'react';

import { MOST_RUNS } from '../model/bundle';
import type { Bundle, JobBundle, RunRef } from '../model/bundle';
import type { Facts } from '../model/run';
import { say } from '../words';
import { Artifacts } from './Artifacts';
import { Header } from './Header';
import { RunPanel } from './RunPanel';
import { Saved } from './Saved';
import { Track } from './Track';
import { useCell, useHere, useRun } from './surroundings';

interface Props {
  bundle: Bundle;
  /** `image/png` beside it, in base64; and the text. */
  picture: string | null;
  text: string;
}

export function Embedded({ bundle, picture, text }: Props): JSX.Element {
  const { trackside } = useHere();
  const home = useCell(trackside.home);
  React.useEffect(() => void trackside.ask(), [trackside]);
  if (home.state === 'asking') {
    return <Saved words="" picture={picture} text={text} />;
  }
  if (home.state === 'absent' && home.problem !== 'missing') {
    return (
      <Saved
        words={say('The server does not answer: %1 Here is how it looked when the notebook was saved.', home.problem)}
        picture={picture}
        text={text}
      />
    );
  }
  if (home.state === 'absent' || home.health.home_id !== bundle.homeId) {
    return <Saved words={strangerWords(bundle)} picture={picture} text={text} />;
  }
  return bundle.kind === 'track' ? (
    <OwnRuns
      refs={bundle.runs.slice(0, MOST_RUNS)}
      saved={words => <Saved words={words} picture={picture} text={text} />}
    >
      {runs => <Track bundle={bundle} runs={runs} />}
    </OwnRuns>
  ) : (
    <OwnRun bundle={bundle} picture={picture} text={text} />
  );
}

function strangerWords(bundle: Bundle): string {
  return bundle.kind === 'track'
    ? say('These runs belong to another machine; here is how they looked when the notebook was saved.')
    : say('This job belongs to another machine; here is how it looked when the notebook was saved.');
}

/** A job or its files, once its uuid is known to be the one that is meant. */
function OwnRun({ bundle, picture, text }: { bundle: JobBundle; picture: string | null; text: string }): JSX.Element {
  const model = useRun(bundle.run.runId);
  const facts = useCell(model.facts);
  const verdict = judge(facts, bundle.run.uuid);
  if (verdict !== 'ours') {
    const words: Record<typeof verdict, string> = {
      asking: '',
      stranger: strangerWords(bundle),
      gone: say('This job was deleted; here is how it looked when the notebook was saved.'),
      unreachable: say('The server does not answer; trying again. Here is how it looked when the notebook was saved.')
    };
    return <Saved words={words[verdict]} picture={picture} text={text} />;
  }
  if (bundle.kind === 'job') {
    return <RunPanel model={model} />;
  }
  return (
    <section className="ts-panel" data-trackside="artifacts-panel" data-run-id={model.id}>
      <Header facts={facts} opens={true} />
      <div className="ts-tail">
        <Artifacts
          model={model}
          root={bundle.root}
          empty={<p className="ts-note ts-flush">{say('No files yet.')}</p>}
        />
      </div>
    </section>
  );
}

type Verdict = 'asking' | 'ours' | 'stranger' | 'gone' | 'unreachable';

function judge(facts: Facts, uuid: string): Verdict {
  const known = facts.job?.uuid ?? facts.run?.uuid;
  if (known !== undefined) {
    return known === uuid ? 'ours' : 'stranger';
  }
  return facts.state === 'loading' || facts.state === 'here' ? 'asking' : facts.state;
}

/** Of several runs, those that are really meant. */
function OwnRuns(props: {
  refs: readonly RunRef[];
  saved: (words: string) => JSX.Element;
  children: (runs: readonly RunRef[]) => JSX.Element;
}): JSX.Element {
  const { refs, saved, children } = props;
  const [verdicts, setVerdicts] = React.useState<ReadonlyMap<string, Verdict>>(new Map());
  const tell = React.useCallback((id: string, verdict: Verdict) => {
    setVerdicts(before => new Map(before).set(id, verdict));
  }, []);
  const ours = refs.filter(run => verdicts.get(run.runId) === 'ours');
  const decided = refs.every(run => (verdicts.get(run.runId) ?? 'asking') !== 'asking');
  const judges = refs.map(run => <Judge key={run.runId} run={run} tell={tell} />);
  if (ours.length === 0) {
    return (
      <>
        {judges}
        {saved(decided ? say('These runs are not here; here is how they looked when the notebook was saved.') : '')}
      </>
    );
  }
  return (
    <>
      {judges}
      {children(ours)}
    </>
  );
}

function Judge({ run, tell }: { run: RunRef; tell: (id: string, verdict: Verdict) => void }): null {
  const model = useRun(run.runId);
  const facts = useCell(model.facts);
  const verdict = judge(facts, run.uuid);
  React.useEffect(() => tell(run.runId, verdict), [run.runId, verdict]);
  return null;
}
