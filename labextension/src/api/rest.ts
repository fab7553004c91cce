/** The REST interface, one method per verb, with the server's own words for what went wrong. */
import { gathered } from './gather';
import type {
  ArtifactPage,
  Comparison,
  Explanation,
  Fields,
  GpuReport,
  Health,
  Job,
  JobPage,
  LogMatches,
  MediaKind,
  MediaPage,
  Metrics,
  Queue,
  RunInfo,
  RunPage,
  SystemSample,
  TablePreview
} from './types';

/** Sends one request with whatever the surroundings need (token, XSRF, cookies). */
export type Send = (url: string, init: RequestInit) => Promise<Response>;

/** The server said no, or could not be asked (`status` 0). `code` is stable, `hint` says what to do. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint = ''
  ) {
    super(message);
    this.name = 'ApiError';
  }

  /** Whether there is no such thing, or no Trackside on this server. */
  get missing(): boolean {
    return this.status === 404;
  }
}

export interface LogPiece {
  /** Byte at which `bytes` begins. */
  readonly offset: number;
  readonly next: number;
  readonly bytes: Uint8Array;
  /** The part of the log that was given back to the disk and reads as zeros, where `bytes` touch it. */
  readonly gap: Gap | null;
}

export interface Gap {
  readonly start: number;
  readonly end: number;
}

/** `status`: one or several with commas between; `name`: `*` stands for anything. */
export type JobQuery = { readonly status?: string; readonly tag?: string; readonly name?: string };

export type ArtifactRoot = 'artifacts' | 'run';
type Query = { readonly [name: string]: string | number | undefined };

export class Rest {
  /** How far this browser's clock is behind the server's, in milliseconds. */
  skew = 0;

  constructor(
    private readonly base: string,
    private readonly send: Send
  ) {}

  health(): Promise<Health> {
    return this.json('GET', 'health');
  }

  /** `order: 'queue'`: those that wait, the next to start first; else the newest. */
  jobs(query: JobQuery & { order?: 'queue'; limit?: number; cursor?: string }): Promise<JobPage> {
    return this.json('GET', 'jobs', query);
  }

  job(id: string): Promise<Job> {
    return this.json('GET', `jobs/${part(id)}`);
  }

  submit(fields: Fields): Promise<Job> {
    return this.json('POST', 'jobs', {}, fields);
  }

  cancel(id: string): Promise<Job> {
    return this.json('POST', `jobs/${part(id)}/cancel`);
  }

  /** Run it again; `changes` are resources that hold from the new attempt on, in the fields of a submission. */
  retry(id: string, changes: Fields = {}): Promise<Job> {
    return this.json('POST', `jobs/${part(id)}/retry`, {}, changes);
  }

  /** Put a waiting job right before another one, or behind all (null); answers every job whose priority changed. */
  move(id: string, before: string | null): Promise<Job[]> {
    return this.json('POST', `jobs/${part(id)}/move`, {}, { before });
  }

  queue(): Promise<Queue> {
    return this.json('GET', 'queue');
  }

  pauseQueue(): Promise<Queue> {
    return this.json('POST', 'queue/pause');
  }

  resumeQueue(): Promise<Queue> {
    return this.json('POST', 'queue/resume');
  }

  async deleteJob(id: string): Promise<void> {
    await this.request('DELETE', `jobs/${part(id)}`);
  }

  explain(id: string): Promise<Explanation> {
    return this.json('GET', `jobs/${part(id)}/explain`);
  }

  /** Runs, newest first, past `offset` of them; `total: 1` also counts all that fit. */
  runs(query: { query?: string; limit?: number; offset?: number; total?: 1 }): Promise<RunPage> {
    return this.json('GET', 'runs', query);
  }

  /** Rename or tag a run. */
  changeRun(id: string, changes: { name?: string; tags?: readonly string[] }): Promise<RunInfo> {
    return this.json('PATCH', `runs/${part(id)}`, {}, changes);
  }

  run(id: string): Promise<RunInfo> {
    return this.json('GET', `runs/${part(id)}`);
  }

  /** Runs side by side; their curves are drawn from streams, not from here. */
  compare(ids: readonly string[]): Promise<Comparison> {
    return this.json('GET', 'runs/compare', { ids: ids.join(), max_points: 0 });
  }

  async deleteRun(id: string): Promise<void> {
    await this.request('DELETE', `runs/${part(id)}`);
  }

  /** Curves of one run; those of several that are asked for in one moment come together. */
  readonly metrics = gathered(async (ids, query) => {
    const [id] = ids;
    return ids.length === 1
      ? [await this.json<Metrics>('GET', `runs/${part(id ?? '')}/metrics`, query)]
      : this.json<Metrics[]>('GET', 'runs/metrics', { ids: ids.join(), ...query });
  });

  /** Images, figures, tables, texts and histograms, newest first. */
  media(
    id: string,
    query: { key?: string; kind?: MediaKind; limit?: number; cursor?: string } = {}
  ): Promise<MediaPage> {
    return this.json('GET', `runs/${part(id)}/media`, query);
  }

  outputs(id: string): Promise<Fields[]> {
    return this.json('GET', `runs/${part(id)}/outputs`);
  }

  artifacts(id: string, root: ArtifactRoot = 'artifacts'): Promise<ArtifactPage> {
    return this.json('GET', `runs/${part(id)}/artifacts`, { root });
  }

  /** The first rows of a CSV, TSV or Parquet file. */
  preview(id: string, query: { path: string; root: ArtifactRoot; rows: number }): Promise<TablePreview> {
    return this.json('GET', `runs/${part(id)}/preview`, query);
  }

  system(): Promise<SystemSample> {
    return this.json('GET', 'system');
  }

  gpus(): Promise<GpuReport> {
    return this.json('GET', 'gpus');
  }

  /** At most `limit` bytes of a job's log from byte `offset` on. */
  async log(id: string, offset: number, limit: number): Promise<LogPiece> {
    const response = await this.request('GET', `jobs/${part(id)}/log`, { offset, limit });
    const bytes = new Uint8Array(await response.arrayBuffer());
    const next = Number(response.headers.get('X-Trackside-Next') ?? offset + bytes.length);
    const gap = /^(\d+)-(\d+)$/.exec(response.headers.get('X-Trackside-Gap') ?? '');
    return { offset, next, bytes, gap: gap && { start: Number(gap[1]), end: Number(gap[2]) } };
  }

  /** The last lines of a job's log that hold `text` and begin before byte `before`, the last one first. */
  searchLog(
    id: string,
    query: { text: string; before?: number; limit?: number; ignore_case?: 1 }
  ): Promise<LogMatches> {
    return this.json('GET', `jobs/${part(id)}/log/search`, query);
  }

  /** Where the browser finds one file of a run: for links and pictures. */
  fileUrl(id: string, path: string, root: ArtifactRoot = 'artifacts'): string {
    const file = path.split('/').map(part).join('/');
    return this.url(`runs/${part(id)}/artifacts/${file}`, root === 'artifacts' ? {} : { root });
  }

  /** The whole log as a file. */
  logUrl(id: string): string {
    return this.fileUrl(id, 'output.log', 'run');
  }

  /** Bytes of one file from `offset` on, at most `limit`; null when there is no such file or nothing more. */
  async file(
    id: string,
    path: string,
    root: ArtifactRoot,
    { offset = 0, limit = 1 << 20 }: { offset?: number; limit?: number } = {}
  ): Promise<Uint8Array | null> {
    return this.piece(this.fileUrl(id, path, root), offset, limit);
  }

  /** The same of a file whose address is known. */
  async piece(url: string, offset: number, limit: number): Promise<Uint8Array | null> {
    const headers = { Range: `bytes=${offset}-${offset + limit - 1}` };
    const response = await this.ask('GET', url, { headers });
    if (!response.ok) {
      const error = await failure(response);
      if (error.missing || response.status === 416 || error.code === 'range_not_satisfiable') {
        return null;
      }
      throw error;
    }
    const bytes = new Uint8Array(await response.arrayBuffer());
    return response.status === 206 ? bytes : bytes.subarray(offset, offset + limit);
  }

  private url(path: string, query: Query = {}): string {
    const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
    const search = pairs.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&');
    return `${this.base}${path}${search ? `?${search}` : ''}`;
  }

  private async json<T>(method: string, path: string, query: Query = {}, body?: Fields): Promise<T> {
    const response = await this.request(method, path, query, body);
    return (await response.json()) as T;
  }

  private async request(method: string, path: string, query: Query = {}, body?: Fields): Promise<Response> {
    const init = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await this.ask(method, this.url(path, query), init);
    if (!response.ok) {
      throw await failure(response);
    }
    return response;
  }

  private async ask(method: string, url: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await this.send(url, { ...init, method });
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      throw new ApiError(0, 'server_unreachable', 'The Jupyter server does not answer.', said);
    }
    const date = Date.parse(response.headers.get('Date') ?? '');
    if (!Number.isNaN(date)) {
      const behind = date - Date.now();
      this.skew = Math.abs(behind) < 2000 ? 0 : behind;
    }
    return response;
  }
}

function part(text: string): string {
  return encodeURIComponent(text);
}

async function failure(response: Response): Promise<ApiError> {
  const fallback = `The server answered ${response.status} ${response.statusText}`.trim() + '.';
  try {
    const body = (await response.json()) as { error?: { code?: string; message?: string; hint?: string } };
    const { code = 'error', message = fallback, hint = '' } = body.error ?? {};
    return new ApiError(response.status, code, message, hint);
  } catch {
    return new ApiError(response.status, 'error', fallback);
  }
}
