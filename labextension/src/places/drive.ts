/** The files of runs as a drive of JupyterLab, so that its own viewers open them: `Trackside:job-41/artifacts/table.csv`. */
import type { Contents, ServerConnection } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';

import type { ArtifactRoot, Rest } from '../api/rest';
import { DRIVE } from '../model/opening';
import { say, size } from '../words';

const MOST = 32 << 20;

/** Read only: a run is what it was. */
export class RunDrive implements Contents.IDrive {
  readonly name = DRIVE;
  readonly fileChanged: ISignal<Contents.IDrive, Contents.IChangedArgs> = new Signal<
    Contents.IDrive,
    Contents.IChangedArgs
  >(this);
  isDisposed = false;

  readonly newUntitled = refused;
  readonly delete = refused;
  readonly rename = refused;
  readonly save = refused;
  readonly copy = refused;
  readonly createCheckpoint = refused;
  readonly restoreCheckpoint = refused;
  readonly deleteCheckpoint = refused;

  constructor(
    private readonly rest: Rest,
    readonly serverSettings: ServerConnection.ISettings
  ) {}

  dispose(): void {
    this.isDisposed = true;
    Signal.clearData(this);
  }

  listCheckpoints(): Promise<Contents.ICheckpointModel[]> {
    return Promise.resolve([]);
  }

  getDownloadUrl(localPath: string): Promise<string> {
    const { run, root, path } = parts(localPath);
    return Promise.resolve(this.rest.fileUrl(run, path, root));
  }

  async get(localPath: string, options: Contents.IFetchOptions = {}): Promise<Contents.IModel> {
    const { run, root, path } = parts(localPath);
    const bytes = options.content === false ? new Uint8Array() : await this.rest.file(run, path, root, { limit: MOST });
    if (bytes === null) {
      throw new Error(say('%1 has no file %2 any more.', run, path));
    }
    if (bytes.length === MOST) {
      throw new Error(say('%1 has more than %2: download it instead.', path, size(MOST)));
    }
    const type = options.type === 'notebook' ? 'notebook' : 'file';
    const format = type === 'notebook' ? 'json' : options.format === 'base64' ? 'base64' : 'text';
    return {
      name: path.split('/').pop() ?? path,
      path: localPath,
      type,
      format,
      mimetype: '',
      writable: false,
      created: '',
      last_modified: '',
      size: bytes.length,
      content: options.content === false ? null : contentOf(bytes, format)
    };
  }
}

function contentOf(bytes: Uint8Array, format: 'json' | 'base64' | 'text'): unknown {
  if (format === 'base64') {
    let text = '';
    for (let at = 0; at < bytes.length; at += 1 << 15) {
      text += String.fromCharCode(...bytes.subarray(at, at + (1 << 15)));
    }
    return btoa(text);
  }
  const text = new TextDecoder().decode(bytes);
  return format === 'json' ? JSON.parse(text) : text;
}

function parts(localPath: string): { run: string; root: ArtifactRoot; path: string } {
  const [run = '', root = '', ...path] = localPath.split('/');
  return { run, root: root === 'run' ? 'run' : 'artifacts', path: path.join('/') };
}

function refused(): Promise<never> {
  return Promise.reject(new Error(say('The files of a run can be read here, not changed.')));
}
