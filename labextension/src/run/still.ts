/** A panel as it stays in a notebook: the words and the picture of what has ended. */
import type { ArtifactPage, Metrics, RunInfo } from '../api/types';
import { drawPicture } from '../charts/picture';
import type { PictureChart } from '../charts/picture';
import type { Bundle, TrackBundle } from '../model/bundle';
import { group, shortLabel } from '../model/groups';
import { textTable } from '../model/saved';
import { count, duration, endPhrase, fullMoment, moment, number, say, seconds, sentenceOf, size } from '../words';

const MOST_FILES = 200;
/** A line of the kernel's text that stays true. */
const CARRIED = /^carried in: .*$/m;

/** The text of a panel; `before` is what stood there. */
export function text(
  bundle: Bundle,
  runs: readonly RunInfo[],
  metrics: readonly Metrics[],
  files: ArtifactPage | null,
  before: string,
  now: number
): string {
  const [run] = runs;
  if (bundle.kind === 'track' || run === undefined) {
    return bundle.kind === 'track' ? trackText(bundle, runs, metrics) : before;
  }
  return bundle.kind === 'job' ? jobText(run, before) : filesText(run, files, now);
}

function jobText(run: RunInfo, before: string): string {
  const ended = run.finished_at === null ? '' : fullMoment(run.finished_at);
  const lines = [
    `${labelOf(run)} · ${stateOf(run)}`,
    CARRIED.exec(before)?.[0] ?? '',
    say('ended %1, files in %2', ended, run.run_dir)
  ];
  return lines.filter(Boolean).join('\n');
}

function trackText(bundle: TrackBundle, runs: readonly RunInfo[], metrics: readonly Metrics[]): string {
  const rows = runs.flatMap((run, index) =>
    keysOf(bundle, metrics[index]).map(([key, { last, min, max }]) => [
      labelOf(run),
      stateOf(run),
      key,
      number(last),
      number(min),
      number(max)
    ])
  );
  return rows.length === 0
    ? runs.map(run => say('%1: %2, nothing logged', labelOf(run), stateOf(run))).join('\n')
    : textTable([say('run'), say('state'), say('metric'), say('last'), say('min'), say('max')], rows);
}

function filesText(run: RunInfo, page: ArtifactPage | null, now: number): string {
  const files = page?.artifacts ?? [];
  if (files.length === 0) {
    return say('%1 has no artifacts.', labelOf(run));
  }
  const total = size(files.reduce((sum, file) => sum + file.size, 0));
  const rows = files.slice(0, MOST_FILES).map(file => [file.path, size(file.size), moment(file.modified, now)]);
  const more = files.length > rows.length ? `\n${say('… and %1 more', files.length - rows.length)}` : '';
  const head = `${labelOf(run)}: ${count('%1 artifact', '%1 artifacts', files.length)}, ${total}`;
  return `${head}\n\n${textTable([say('path'), say('size'), say('saved')], rows)}${more}`;
}

/** The curves of a panel as a PNG in base64, null when nothing was logged. */
export function picture(
  bundle: Bundle,
  runs: readonly RunInfo[],
  metrics: readonly Metrics[],
  now: number
): string | null {
  const note = fullMoment(new Date(now).toISOString());
  const [run] = runs;
  const title = bundle.kind === 'track' || run === undefined ? runs.map(each => each.name).join(' · ') : headOf(run);
  return drawPicture(title, note, bundle.kind === 'track' ? ofRuns(bundle, runs, metrics) : ofOne(metrics[0]));
}

const headOf = (run: RunInfo) => `${labelOf(run)} · ${stateOf(run)}`;

/** A chart for each group of metrics, a line for each metric. */
function ofOne(metrics: Metrics | undefined): PictureChart[] {
  const series = metrics?.series ?? {};
  return group(Object.keys(series)).map(({ title, keys }) => ({
    title,
    lines: keys.flatMap((key, color) => {
      const { [key]: found } = series;
      return found === undefined ? [] : [{ label: shortLabel(key, title), color, x: found.x, y: found.y }];
    })
  }));
}

/** A chart for each metric, a line for each run. */
function ofRuns(bundle: TrackBundle, runs: readonly RunInfo[], metrics: readonly Metrics[]): PictureChart[] {
  const keys = [...new Set(metrics.flatMap(each => keysOf(bundle, each).map(([key]) => key)))];
  return group(keys)
    .flatMap(each => each.keys)
    .map(key => ({
      title: key,
      lines: metrics.flatMap(({ series: { [key]: found } }, color) =>
        found === undefined ? [] : [{ label: runs[color]?.name ?? '', color, x: found.x, y: found.y }]
      )
    }));
}

/** The metrics that the panel shows of a run. */
function keysOf({ keys, axis }: TrackBundle, metrics: Metrics | undefined): [string, Metrics['series'][string]][] {
  return Object.entries(metrics?.series ?? {}).filter(
    ([key]) => key !== axis && (keys.length === 0 || keys.includes(key))
  );
}

/** `baseline · job-41`, or the id alone where there is no other name. */
function labelOf(run: RunInfo): string {
  return run.name === run.id ? run.id : `${run.name} · ${run.id}`;
}

/** `completed in 8.6 s`, `failed · out of memory after 11 min`. */
function stateOf(run: RunInfo): string {
  const took = seconds(run.started_at, run.finished_at, 0);
  const [done, after] = [run.status === 'completed', took === null ? '' : duration(took)];
  const time = after && (done ? say('in %1', after) : say('after %1', after));
  return [endPhrase(run.status, run.reason), time, sentenceOf(run.reason)].filter(Boolean).join(' ');
}
