/** Which files of a run JupyterLab's own viewers open, and by which name. Pure. */
import type { ArtifactRoot } from '../api/rest';

/** What the addresses of runs' files begin with, in JupyterLab. */
export const DRIVE = 'Trackside';

const VIEWED =
  /\.(csv|tsv|json|geojson|ipynb|md|txt|log|py|r|jl|sh|yaml|yml|toml|ini|cfg|html|svg|png|jpe?g|gif|webp|bmp|pdf|tex)$/i;

/** The name under which JupyterLab opens a file; null where it has no viewer for such a one. */
export function viewedAs(run: string, root: ArtifactRoot, path: string): string | null {
  return VIEWED.test(path) ? `${DRIVE}:${run}/${root}/${path}` : null;
}
