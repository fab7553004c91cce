/** Where a run ran: host, Python, command, packages; and its code: commit, and what was changed since. */
import * as React from 'react';

import { fieldsIn, gitOf, machineOf, packagesOf } from '../model/circumstances';
import type { Git } from '../model/circumstances';
import type { RunModel } from '../model/run';
import { count, say } from '../words';
import { useBytes } from './bytes';
import { Diff } from './Diff';
import { Fold } from './Fold';

const MOST = 1 << 20;
const SHORT_COMMIT = 10;

export function Environment({ model, version }: { model: RunModel; version: string }): JSX.Element | null {
  const { bytes } = useBytes(model, 'meta.json', { root: 'run', most: MOST, version });
  const meta = React.useMemo(() => fieldsIn(bytes), [bytes]);
  const { host, python, executable, command, folder, gpus } = machineOf(meta);
  const git = gitOf(meta);
  const facts = [
    [say('Host'), host],
    ['Python', [python, executable].filter(Boolean).join(' · ')],
    [say('GPUs'), gpus],
    [say('Command'), command],
    [say('Folder'), folder]
  ].filter(([, value]) => value);
  if (facts.length === 0 && git === null) {
    return null;
  }
  return (
    <>
      <h4>{say('Environment')}</h4>
      <dl className="ts-facts" data-trackside="environment">
        {facts.map(([name, value]) => (
          <React.Fragment key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </React.Fragment>
        ))}
        {git !== null && <Commit git={git} />}
      </dl>
      {git?.dirty && (
        <Fold name="git-diff" title={say('Changes since that commit')} folded={true}>
          <Changes model={model} version={version} />
        </Fold>
      )}
      <Fold name="packages" title={say('Packages')} folded={true}>
        <Packages model={model} version={version} />
      </Fold>
    </>
  );
}

function Commit({ git }: { git: Git }): JSX.Element {
  return (
    <>
      <dt>{say('Git')}</dt>
      <dd title={git.commit}>
        <code>{git.commit.slice(0, SHORT_COMMIT)}</code>
        {git.branch && ` · ${git.branch}`}
        {git.remote && ` · ${git.remote}`}
        {git.dirty && <span className="ts-warn"> · {say('with changes that were not committed')}</span>}
      </dd>
    </>
  );
}

function Changes({ model, version }: { model: RunModel; version: string }): JSX.Element {
  const { bytes, problem } = useBytes(model, 'source/git.diff', { root: 'run', most: MOST, version });
  if (bytes === null) {
    return <p className="ts-note ts-flush">{problem ? say('What was changed was not kept.') : say('Reading …')}</p>;
  }
  return <Diff text={new TextDecoder().decode(bytes)} cut={bytes.length === MOST} />;
}

function Packages({ model, version }: { model: RunModel; version: string }): JSX.Element {
  const { bytes, problem } = useBytes(model, 'requirements.txt', { root: 'run', most: MOST, version });
  const [words, setWords] = React.useState('');
  if (bytes === null) {
    return <p className="ts-note ts-flush">{problem ? say('Its packages were not noted.') : say('Reading …')}</p>;
  }
  const text = new TextDecoder().decode(bytes);
  const found = packagesOf(text, words);
  return (
    <div data-trackside="packages">
      <input
        className="ts-input"
        type="search"
        value={words}
        placeholder={count('Find among %1 package', 'Find among %1 packages', packagesOf(text).length)}
        aria-label={say('Find a package')}
        onChange={event => setWords(event.target.value)}
      />
      <pre className="ts-code ts-packages" tabIndex={0}>
        {found.length === 0 ? say('No package has this in its name.') : found.join('\n')}
      </pre>
    </div>
  );
}
