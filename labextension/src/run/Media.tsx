/** Images, figures, tables, texts and histograms of a run: of each key the latest, with a slider over the others. */
import * as React from 'react';

import type { MediaRecord } from '../api/types';
import type { MediaGroup } from '../model/media';
import type { RunModel } from '../model/run';
import { count, moment, number, say, size } from '../words';
import { Bars } from './Bars';
import { Picture, Page } from './Picture';
import { bare } from './Fold';
import type { Frame } from './Fold';
import { HeadRows } from './HeadRows';
import { Passage } from './Passage';
import { useFrame, useHere } from './surroundings';

interface Props {
  model: RunModel;
  /** How many keys are shown before one asks for more; null: all. */
  most?: number | null;
  empty?: React.ReactNode;
  /** What stands around them where there are any. */
  frame?: Frame;
}

export function Media({ model, most = null, empty = null, frame = bare }: Props): JSX.Element | null {
  const groups = useMedia(model);
  const [more, setMore] = React.useState(false);
  if (groups.length === 0) {
    return <>{empty}</>;
  }
  const shown = more || most === null ? groups : groups.slice(0, most);
  return frame(
    <section className="ts-media" data-trackside="media" data-count={groups.length} aria-label={say('Media')}>
      <div className="ts-media-grid">
        {shown.map(group => (
          <Piece key={`${group.kind}/${group.key}`} model={model} group={group} size={group.records.length} />
        ))}
      </div>
      {most !== null && groups.length > most && (
        <button type="button" className="ts-link" onClick={() => setMore(!more)} aria-expanded={more}>
          {more ? say('Show fewer') : count('Show %1 more', 'Show %1 more', groups.length - most)}
        </button>
      )}
    </section>
  );
}

/** The groups of a run's media, those one looks at first in front, watched while the component stands. */
export function useMedia(model: RunModel): MediaGroup[] {
  const feed = model.media;
  React.useEffect(() => {
    const watching = feed.watch();
    return () => watching.dispose();
  }, [feed]);
  useFrame(feed.version);
  const small = (group: MediaGroup) => !WIDE.has(group.kind);
  return [...feed.shown.filter(small), ...feed.shown.filter(group => !small(group))];
}

const WIDE = new Set(['table', 'text']);

/** One key: a head, the piece that is chosen, its slider. `size` makes it drawn anew when there are more. */
function Piece({ model, group }: { model: RunModel; group: MediaGroup; size: number }): JSX.Element | null {
  const [chosen, setChosen] = React.useState<MediaRecord | null>(null);
  const { records } = group;
  const at = chosen === null ? records.length - 1 : Math.max(0, records.indexOf(chosen));
  const record = records[at];
  if (record === undefined) {
    return null;
  }
  const choose = (place: number) => setChosen(place >= records.length - 1 ? null : (records[place] ?? null));
  return (
    <figure
      className={`ts-piece ${WIDE.has(group.kind) ? 'ts-piece-wide' : ''}`}
      data-trackside="media-piece"
      data-key={group.key}
      data-kind={group.kind}
      data-step={record.step ?? ''}
      data-path={record.path}
    >
      <figcaption>
        <span className="ts-legend" title={group.key}>
          {group.key}
        </span>
        <span className="ts-corner">{factsOf(record)}</span>
      </figcaption>
      <Body model={model} record={record} group={group} />
      {record.caption != null && <div className="ts-caption">{record.caption}</div>}
      {strangeWords(record) && <div className="ts-caption ts-warn">{strangeWords(record)}</div>}
      <Foot model={model} group={group} record={record} at={at} choose={choose} />
    </figure>
  );
}

function Body({ model, record, group }: { model: RunModel; record: MediaRecord; group: MediaGroup }): JSX.Element {
  switch (record.kind) {
    case 'image':
    case 'figure':
      return record.format === 'html' ? (
        <Page model={model} record={record} />
      ) : (
        <Picture model={model} record={record} />
      );
    case 'table':
      return <HeadRows record={record} />;
    case 'text':
      return <Passage model={model} record={record} />;
    case 'histogram':
      return <Bars record={record} records={group.records} />;
  }
}

/** What stands at the right of the head: size or number, in few words. */
function factsOf(record: MediaRecord): string {
  switch (record.kind) {
    case 'image':
      return record.width != null && record.height != null ? `${record.width} × ${record.height}` : '';
    case 'table':
      return [count('%1 row', '%1 rows', record.rows ?? 0), count('%1 column', '%1 columns', record.columns ?? 0)].join(
        ' · '
      );
    case 'histogram':
      return histogramFacts(record);
    default:
      return '';
  }
}

function histogramFacts({ count: values, mean, std }: MediaRecord): string {
  return mean != null && std != null ? `${number(mean)} ± ${number(std)}` : count('%1 value', '%1 values', values ?? 0);
}

/** What a histogram has no bin for. */
function strangeWords({ nan, infinite }: MediaRecord): string {
  return [nan ? say('%1 NaN', nan) : '', infinite ? say('%1 infinite', infinite) : ''].filter(Boolean).join(' · ');
}

interface FootProps {
  model: RunModel;
  group: MediaGroup;
  record: MediaRecord;
  at: number;
  choose: (place: number) => void;
}

/** Where in the run this is, a slider over all there are, and the file. */
function Foot({ model, group, record, at, choose }: FootProps): JSX.Element {
  const { trackside } = useHere();
  const { records } = group;
  const earlier = group.count - records.length;
  const words = placeWords(record, trackside.now());
  return (
    <div className="ts-piece-foot">
      <span className="ts-place" data-trackside="media-step">
        {words}
      </span>
      {records.length > 1 ? (
        <input
          type="range"
          min={0}
          max={records.length - 1}
          step={1}
          value={at}
          aria-label={say('%1 over its steps', group.key)}
          aria-valuetext={words}
          onChange={event => choose(Number(event.target.value))}
        />
      ) : (
        <span className="ts-space" />
      )}
      {earlier > 0 && group.cursor !== null && (
        <button
          type="button"
          className="ts-link"
          title={count('%1 earlier one', '%1 earlier ones', earlier)}
          onClick={() => void model.media.readEarlier(group)}
        >
          {say('earlier')}
        </button>
      )}
      <a
        className="ts-link"
        href={trackside.rest.fileUrl(model.id, record.path)}
        download={fileName(record)}
        title={say('Download %1, %2', record.format ?? '', size(record.size ?? 0))}
        aria-label={say('Download %1', fileName(record))}
        data-trackside="media-download"
      >
        {record.format}
      </a>
    </div>
  );
}

function placeWords(record: MediaRecord, now: number): string {
  return record.step != null ? say('step %1', number(record.step)) : moment(record._timestamp ?? '', now);
}

/** `"val-sample-12.png"`: by its key and step, as nobody knows the names in the run folder. */
function fileName({ key, step, format }: MediaRecord): string {
  const name = key.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[-.]+/, '') || 'media';
  return `${name}${step != null ? `-${step}` : ''}.${format}`;
}
