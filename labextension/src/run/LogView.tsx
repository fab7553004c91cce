/** A run's log, live, with a line below it that says where one is. */
import * as React from 'react';

import type { LogFeed } from '../model/feed';
import type { RunModel } from '../model/run';
import { LogSearch } from '../model/search';
import { count, notKept, say, size } from '../words';
import { LogWindow } from './logwindow';
import { SearchBar } from './SearchBar';
import { Paced, useCell, useFrame, useHere } from './surroundings';

/** Lines up to which a small window grows with its log. */
const MOST_GROWN = 12;

interface Props {
  model: RunModel;
  /** What is shown while nothing was printed. */
  empty: string;
  name: string;
}

export function LogView({ model, empty, name }: Props): JSX.Element {
  const { log } = model;
  const { host, shown, following } = useLogWindow(log);
  const [searching, setSearching] = React.useState(false);
  const search = React.useMemo(() => new LogSearch(model.id, model.rest), [model]);
  const find = (event: React.KeyboardEvent) => {
    if (event.key === 'f' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      setSearching(true);
    }
  };
  const lines = log.buffer.lineCount;
  const height = { '--ts-lines': Math.min(lines, MOST_GROWN) } as React.CSSProperties;
  const marks = { 'data-trackside': 'log', 'data-run-id': model.id, 'data-lines': lines };
  return (
    <div className="ts-log" {...marks} style={height} onKeyDown={find}>
      {searching && (
        <SearchBar
          search={search}
          show={async (at, text) => shown.current?.mark(at === null ? -1 : await log.show(at, notKept), text)}
          close={() => setSearching(false)}
        />
      )}
      <div
        className="ts-log-window"
        ref={host}
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label={say('Output of %1', name)}
        data-trackside="log-window"
      />
      {lines === 0 && <div className="ts-empty">{empty}</div>}
      <LogFoot
        model={model}
        following={following}
        follow={() => shown.current?.follow()}
        search={searching ? null : () => setSearching(true)}
      />
    </div>
  );
}

/** The window in `host` on a log that is watched meanwhile, and whether it follows the end. */
function useLogWindow(log: LogFeed): {
  host: React.RefObject<HTMLDivElement>;
  shown: React.RefObject<LogWindow>;
  following: boolean;
} {
  const { soon } = React.useContext(Paced);
  const host = React.useRef<HTMLDivElement>(null);
  const shown = React.useRef<LogWindow | null>(null);
  const [following, setFollowing] = React.useState(true);
  React.useEffect(() => {
    const watching = log.watch();
    const element = host.current;
    if (element === null) {
      return () => watching.dispose();
    }
    const view = new LogWindow(element, log.buffer, {
      onFollow: now => {
        log.follow(now);
        setFollowing(now);
      },
      onTop: () => void log.readEarlier(notKept),
      onBottom: () => {
        void log.readLater();
        return log.hasEnd;
      }
    });
    shown.current = view;
    const render = () => view.render();
    render();
    const unsubscribe = log.version.subscribe(() => soon(render));
    return () => {
      unsubscribe();
      view.dispose();
      watching.dispose();
    };
  }, [log, soon]);
  useFrame(log.version);
  return { host, shown, following };
}

/** `following · 38 lines`, a way back to the end, and the whole file. */
function LogFoot(props: {
  model: RunModel;
  following: boolean;
  follow: () => void;
  search: (() => void) | null;
}): JSX.Element {
  const { model, following, follow, search } = props;
  const { trackside } = useHere();
  const whole = useCell(model.log.whole);
  const problem = useCell(model.log.problem);
  const { buffer } = model.log;
  const lines = count('%1 line', '%1 lines', buffer.lineCount);
  const part = model.log.hasEnd
    ? say('the last %1 of %2', lines, size(buffer.end))
    : say('%1, up to byte %2', lines, buffer.end.toLocaleString());
  const where = buffer.start > 0 ? part : lines;
  const state = whole ? '' : following ? say('following') : say('not following');
  return (
    <div className="ts-log-foot">
      <span className={problem ? 'ts-bad' : undefined}>{problem || [state, where].filter(Boolean).join(' · ')}</span>
      <span className="ts-space" />
      {!following && (
        <button type="button" className="ts-link" onClick={follow}>
          {say('Go to the end')}
        </button>
      )}
      {buffer.end > 0 && search !== null && (
        <button type="button" className="ts-link" data-trackside="log-search" onClick={search}>
          {say('Search')}
        </button>
      )}
      {buffer.end > 0 && (
        <a
          className="ts-link"
          href={trackside.rest.logUrl(model.id)}
          download={`${model.id}.log`}
          data-trackside="log-download"
        >
          {say('Download')}
        </a>
      )}
    </div>
  );
}
