/** What a run folder says of the circumstances of a run: attempts, host, packages, git. Whatever it is that stands there. Pure. */
import type { Fields, Reason, Status } from '../api/types';

export interface Attempt {
  readonly number: number;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  /** null while it goes on. */
  readonly status: Status | null;
  readonly reason: Reason | null;
  readonly exitCode: number | null;
  readonly host: string;
  readonly gpus: readonly string[];
}

/** The content of `attempts/N.json`. */
export function attemptOf(number: number, record: Fields): Attempt {
  const end = object(record['exit']);
  const reason = object(end['reason']);
  return {
    number,
    startedAt: text(record['started_at']),
    finishedAt: text(end['finished_at']),
    status: text(end['status']) as Status | null,
    reason: text(reason['code']) === null ? null : (reason as unknown as Reason),
    exitCode: typeof end['exit_code'] === 'number' ? end['exit_code'] : null,
    host: text(object(record['runner'])['host']) ?? '',
    gpus: strings(record['gpus'])
  };
}

export interface Git {
  readonly commit: string;
  readonly branch: string;
  readonly dirty: boolean;
  readonly remote: string;
}

/** The commit of `meta.json`; null where the code was in no repository. */
export function gitOf(meta: Fields): Git | null {
  const git = object(meta['git_info'] ?? meta['git']);
  const commit = text(git['commit']);
  return commit === null
    ? null
    : {
        commit,
        branch: text(git['branch']) ?? '',
        dirty: git['dirty'] === true,
        remote: text(git['remote_url']) ?? text(git['remote']) ?? ''
      };
}

export interface Machine {
  readonly host: string;
  readonly python: string;
  readonly executable: string;
  readonly command: string;
  readonly folder: string;
  readonly gpus: string;
}

export function machineOf(meta: Fields): Machine {
  const gpus = Array.isArray(meta['gpus']) ? meta['gpus'].map(gpu => text(object(gpu)['name']) ?? text(gpu) ?? '') : [];
  return {
    host: text(meta['host']) ?? '',
    python: text(meta['python']) ?? '',
    executable: text(meta['executable']) ?? '',
    command: strings(meta['argv']).join(' '),
    folder: text(meta['workdir']) ?? '',
    gpus: gpus.filter(Boolean).join(', ')
  };
}

/** Names and versions of `requirements.txt`, those whose name holds the words. */
export function packagesOf(requirements: string, words = ''): string[] {
  const lines = requirements.split('\n').map(line => line.trim());
  return lines.filter(line => line && !line.startsWith('#') && line.toLowerCase().includes(words.toLowerCase()));
}

export type DiffKind = 'added' | 'removed' | 'place' | 'file' | 'same';

/** What a line of a unified diff is. */
export function kindOf(line: string): DiffKind {
  if (/^(diff |index |--- |\+\+\+ |new file|deleted file|rename |similarity )/.test(line)) {
    return 'file';
  }
  return line.startsWith('@@') ? 'place' : line.startsWith('+') ? 'added' : line.startsWith('-') ? 'removed' : 'same';
}

/** An object of these bytes; empty for none, and for what cannot be read. */
export function fieldsIn(bytes: Uint8Array | null): Fields {
  try {
    return bytes === null ? {} : object(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return {};
  }
}

function object(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter(each => typeof each === 'string') : [];
}
