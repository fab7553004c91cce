/** Sentences, numbers, sizes and times as a person reads them; every text on the screen passes through `say`. */
import type { Gpu, GpuHolder, Job, Limit, Progress, Reason, RunInfo, Status } from './api/types';

/** The part of JupyterLab's translation bundle that is used. */
export interface Bundle {
  __(text: string, ...values: string[]): string;
  _n(one: string, many: string, count: number, ...values: (string | number)[]): string;
}

const plain: Bundle = {
  __: (text, ...values) => text.replace(/%(\d+)/g, (_, place: string) => values[Number(place) - 1] ?? ''),
  _n: (one, many, count) => (count === 1 ? one : many).replace('%1', String(count))
};

let bundle: Bundle = plain;

/** Speak the user's language from now on. */
export function speak(translated: Bundle): void {
  bundle = translated;
}

/** Translate a text; `%1`, `%2`, … stand for values. */
export function say(text: string, ...values: (string | number)[]): string {
  return bundle.__(text, ...values.map(String));
}

/** Translate a text about a number of things; `%1` stands for the number. */
export function count(one: string, many: string, value: number): string {
  return value > 0 && value < 1 ? say(one, value) : bundle._n(one, many, value, value);
}

/** `"07:12"`, `"1:07:12"`, `"2 d 03:07"`: time that is passing. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [days, hours, minutes] = [
    Math.floor(whole / 86400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60
  ];
  if (days > 0) {
    return say('%1 d %2:%3', days, two(hours), two(minutes));
  }
  const short = `${two(minutes)}:${two(whole % 60)}`;
  return hours > 0 ? `${hours}:${short}` : short;
}

/** `"0.4 s"`, `"48 s"`, `"12 min"`, `"2 h 30 min"`, `"3 d 4 h"`: a length of time. */
export function duration(seconds: number): string {
  if (seconds < 0.05) {
    return say('under 0.1 s');
  }
  if (seconds < 60) {
    return say('%1 s', seconds < 10 ? seconds.toFixed(1) : Math.round(seconds));
  }
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) {
    return say('%1 min', minutes);
  }
  const hours = Math.floor(minutes / 60);
  if (hours < 48) {
    return minutes % 60 ? say('%1 h %2 min', hours, minutes % 60) : say('%1 h', hours);
  }
  return say('%1 d %2 h', Math.floor(hours / 24), hours % 24);
}

/** `"9.4 GB"`, `"512 MB"`, `"17 bytes"`, in powers of 1,024. */
export function size(bytes: number): string {
  if (bytes < 1024) {
    return count('%1 byte', '%1 bytes', Math.floor(bytes));
  }
  const units = ['KB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${value < 100 ? trim(value.toFixed(1)) : value.toFixed(0)} ${units[power - 1] ?? 'TB'}`;
}

/** What stands in a log for so many bytes of its middle. */
export function notKept(bytes: number): string {
  return say('… %1 of output are not kept here: the log was longer than max_output …', size(bytes));
}

/** `"9.4 of 64 GB"`: the first in the unit of the second. */
export function sizeOf(part: number, whole: number): string {
  const [value, unit] = [size(part), size(whole).split(' ')[1] ?? ''];
  const short = value.endsWith(` ${unit}`) ? value.slice(0, -unit.length - 1) : value;
  return say('%1 of %2', short, size(whole));
}

/** A metric's value in about four digits: `0.2134`, `0.0123`, `12.500`, `3410`, `1.2e-5`, `NaN`. */
export function number(value: number | string | null | undefined): string {
  if (typeof value !== 'number') {
    return value ?? '–';
  }
  if (!Number.isFinite(value)) {
    return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '−∞';
  }
  const magnitude = Math.abs(value);
  if (Number.isInteger(value) && magnitude < 1e7) {
    return String(value);
  }
  if (magnitude !== 0 && (magnitude < 1e-3 || magnitude >= 1e6)) {
    return value
      .toExponential(2)
      .replace(/\.?0+e/, 'e')
      .replace('e+', 'e');
  }
  if (magnitude < 0.1) {
    return value.toPrecision(3).replace(/0+$/, '');
  }
  return value.toFixed(magnitude < 10 ? 4 : magnitude < 100 ? 3 : magnitude < 1000 ? 2 : 1);
}

/** `"09:12"` today, `"Fri 09:12"` in the last week, `"14 Nov"` before. */
export function moment(iso: string, now: number): string {
  const then = new Date(iso);
  const time = `${two(then.getHours())}:${two(then.getMinutes())}`;
  if (sameDay(iso, now)) {
    return time;
  }
  if (now - then.getTime() < 6 * 86_400_000) {
    return `${then.toLocaleDateString(undefined, { weekday: 'short' })} ${time}`;
  }
  return then.toLocaleDateString(undefined, { day: 'numeric', month: 'short' });
}

/** Date and time in full, for facts and tooltips. */
export function fullMoment(iso: string): string {
  return new Date(iso).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

export function sameDay(iso: string, now: number): boolean {
  return new Date(iso).toDateString() === new Date(now).toDateString();
}

const STATUS: Record<Status, string> = {
  scheduled: 'scheduled',
  pending: 'waiting',
  running: 'running',
  completed: 'completed',
  failed: 'failed',
  cancelled: 'cancelled'
};

/** The word for a status; `pending` is shown as what it means. */
export function statusWord(status: Status): string {
  return say(STATUS[status] ?? status); // a newer server may know more
}

/** `"out of memory"`, `"exit code 3"`, `"ValueError: no such layer"`: why, in few words. */
export function reasonPhrase(reason: Reason, exitCode: number | null = null): string {
  switch (reason.code) {
    case 'exit_code':
      return exitCode === null ? say('exit code') : say('exit code %1', exitCode);
    case 'signal':
      return exitCode !== null && exitCode < 0 ? say('signal %1', -exitCode) : say('signal');
    case 'exception':
      return reason.message.split('\n')[0] || say('exception');
    case 'cancelled_by_user':
      return '';
    default:
      return say(reason.code.replace(/_/g, ' '));
  }
}

/** `"failed · out of memory"`: a final status with its reason. */
export function endPhrase(status: Status, reason: Reason | null, exitCode: number | null = null): string {
  const why = reason === null ? '' : reasonPhrase(reason, exitCode);
  return why ? `${statusWord(status)} · ${why}` : statusWord(status);
}

/** What happened, as the server says it; empty where the phrase before it said all. */
export function sentenceOf(reason: Reason | null): string {
  return reason === null || ['cancelled_by_user', 'exception', 'exit_code'].includes(reason.code) ? '' : reason.message;
}

/** Seconds between two moments, or until `now`; null when it has not begun. */
export function seconds(from: string | null, to: string | null, now: number): number | null {
  return from === null ? null : ((to === null ? now : Date.parse(to)) - Date.parse(from)) / 1000;
}

/** The second line of a job in a list. */
export function jobSentence(job: Job, now: number): string {
  const took = seconds(job.started_at, job.finished_at, now);
  const when = job.finished_at === null ? '' : ` · ${moment(job.finished_at, now)}`;
  switch (job.status) {
    case 'completed':
      return (took === null ? say('completed') : say('completed in %1', duration(took))) + when;
    case 'failed':
    case 'cancelled':
      return `${took === null ? '' : say('after %1', duration(took))}${when}`.replace(/^ · /, '');
    case 'running':
      return job.cancelling ? say('cancelling') : say('running for %1', clock(took ?? 0));
    default:
      return job.message || statusWord(job.status);
  }
}

/** `"epoch 37 of 100"`, `"37 of 100"`, `"step 37"`: how far it is. */
export function progressWords({ i, total, label }: Progress): string {
  const done = total === null ? number(i) : say('%1 of %2', number(i), number(total));
  return label ? `${label} ${done}` : total === null ? say('step %1', done) : done;
}

/** `"12 min left"` at this pace, or empty when it cannot be known; `now` in milliseconds. */
export function timeLeft({ i, total, rate, part, at }: Progress, now: number): string {
  if (total === null || !rate || i >= total) {
    return '';
  }
  const passed = at === null ? 0 : Math.max(0, (now - Date.parse(at)) / 1000);
  const left = (total - i - part) / rate - passed;
  return left > 0 ? say('%1 left', duration(left)) : '';
}

/** `"3.4/s"`, `"12 s each"`: how fast it goes. */
export function paceWords(rate: number | null): string {
  if (!rate) {
    return '';
  }
  return rate >= 1 ? say('%1/s', rate < 100 ? rate.toFixed(1) : rate.toFixed(0)) : say('%1 each', duration(1 / rate));
}

const LIMITS: Record<string, (value: number) => string> = {
  time: value => say('time limit %1', duration(value)),
  memory: value => say('memory limit %1', size(value)),
  cpus: value => count('%1 CPU', '%1 CPUs', value),
  cores: value => count('%1 core', '%1 cores', value),
  max_iops: value => say('%1 reads and writes per second', number(value)),
  max_output: value => say('output up to %1', size(value)),
  max_processes: value => count('%1 process', '%1 processes', value)
};

/** `"time limit 2 h, enforced"` or `"memory limit 8 GB, not enforced"`. */
export function limitSentence(limit: Limit): string {
  const what = LIMITS[limit.name]?.(limit.value) ?? `${limit.name.replace(/_/g, ' ')} ${number(limit.value)}`;
  return limit.enforced ? say('%1, enforced', what) : say('%1, not enforced', what);
}

/** A calm word about an unfinished job that may hold GPUs for ever; empty for every other job. */
export function unlimitedSentence({ status, spec }: Pick<Job, 'status' | 'spec'>): string {
  const finished = status === 'completed' || status === 'failed' || status === 'cancelled';
  if (finished || !spec.gpus?.count || spec.time != null) {
    return '';
  }
  return spec.gpus.count <= 1
    ? say('no time limit: it holds its GPU until it ends by itself')
    : say('no time limit: it holds its GPUs until it ends by itself');
}

/** `"baseline · 41"`, `"analysis.ipynb · idle 3 h"`: who holds a GPU. */
export function holderPhrase(holder: GpuHolder, now: number): string {
  const idle = holder.idle_since === null ? null : (now - Date.parse(holder.idle_since)) / 1000;
  const id = holder.id === null ? '' : ` · ${shortId(holder.id)}`;
  return `${holder.label}${id}${idle === null ? '' : ` · ${say('idle %1', duration(idle))}`}`;
}

/** `"H100 80 GB"`: a GPU's name without its vendor, with its memory when the name does not say it. */
export function gpuName(gpu: Gpu): string {
  const instance = /\bMIG\b/.test(gpu.name) ? ' MIG' : '';
  const name = gpu.name.replace(/^NVIDIA\s+/, '').replace(/[\s-]*\d+\s*GB\b.*$/i, '');
  return gpu.memory_total > 0 ? `${name}${instance} ${size(gpu.memory_total).replace(/\.\d+/, '')}` : name;
}

/** `"41"` for `"job-41"`. */
export function shortId(id: string): string {
  return id.replace(/^job-/, '');
}

/** What a job runs, in one line. */
export function kindPhrase(job: Job): string {
  const { command, cell, script, notebook, function: called } = job.spec;
  if (cell != null) {
    return say('cell');
  }
  const file = script ?? notebook;
  if (file != null) {
    return file.split('/').pop() ?? file;
  }
  const [program = '', ...rest] = Array.isArray(command) ? command : [command ?? ''];
  return called ?? [program.replace(/^\/\S*\//, ''), ...rest].join(' ');
}

/** How long a run took, or takes. */
export function runDuration(run: RunInfo, now: number): string {
  const took = run.duration_seconds ?? seconds(run.started_at, run.finished_at, now);
  return took === null ? '' : run.status === 'running' ? clock(took) : duration(took);
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

function trim(text: string): string {
  return text.replace(/\.0$/, '');
}
