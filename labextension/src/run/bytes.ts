/** The content of a file of a run, and an address for it in the page. */
import * as React from 'react';

import type { ArtifactRoot } from '../api/rest';
import type { RunModel } from '../model/run';
import { say } from '../words';

interface Wanted {
  readonly root: ArtifactRoot;
  /** Bytes that are read at most, from the beginning on. */
  readonly most: number;
  /** Where this changes, the file is read again. */
  readonly version?: string;
}

/** The first bytes of a file; what was there before stays while the next ones are under way. */
export function useBytes(
  model: RunModel,
  path: string,
  { root, most, version }: Wanted
): { bytes: Uint8Array | null; problem: string } {
  const [found, setFound] = React.useState<{ bytes: Uint8Array | null; problem: string }>({ bytes: null, problem: '' });
  React.useEffect(() => {
    let over = false;
    model.rest.file(model.id, path, root, { limit: most }).then(
      bytes => !over && setFound({ bytes, problem: bytes === null ? say('Its file is gone.') : '' }),
      (error: unknown) => !over && setFound({ bytes: null, problem: messageOf(error) })
    );
    return () => {
      over = true;
    };
  }, [model, path, root, most, version]);
  return found;
}

/** What went wrong, in its own words. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** An address under which the page has these bytes. */
export function useUrl(bytes: Uint8Array | null, mime: string): string | null {
  const [url, setUrl] = React.useState<string | null>(null);
  React.useEffect(() => {
    if (bytes === null) {
      setUrl(null);
      return;
    }
    const made = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>], { type: mime }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [bytes, mime]);
  return url;
}
