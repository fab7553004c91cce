/** Links to files of the server: the browser cannot reach them, so they are fetched through the kernel. */
import type { Rest } from '../api/rest';
import { say, size } from '../words';

const MOST = 64 << 20;
const PIECE = 4 << 20;

/** Take the clicks on links below `base`; the answer stops it. */
export function downloadHere(el: HTMLElement, rest: Rest, base: string, tell: (words: string) => void): () => void {
  const clicked = (event: MouseEvent) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    const href = link?.getAttribute('href') ?? '';
    if (link !== null && href.startsWith(base)) {
      event.preventDefault();
      event.stopPropagation();
      tell('');
      fetched(rest, href).then(
        bytes => keep(el, bytes, link.download || 'file'),
        (error: unknown) => tell(error instanceof Error ? error.message : String(error))
      );
    }
  };
  el.addEventListener('click', clicked, true);
  return () => el.removeEventListener('click', clicked, true);
}

/** The whole file, piece by piece. */
async function fetched(rest: Rest, url: string): Promise<Blob> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let offset = 0;
  for (;;) {
    const piece = await rest.piece(url, offset, PIECE);
    if (piece === null || piece.length === 0) {
      return new Blob(pieces);
    }
    pieces.push(piece as Uint8Array<ArrayBuffer>);
    offset += piece.length;
    if (offset > MOST) {
      throw new Error(say('Files over %1 are not brought through the kernel; it lies in the run folder.', size(MOST)));
    }
    if (piece.length < PIECE) {
      return new Blob(pieces);
    }
  }
}

/** Hand it to the browser; the link stands in the document, which VS Code asks for. */
function keep(el: HTMLElement, bytes: Blob, name: string): void {
  const url = URL.createObjectURL(bytes);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.style.display = 'none';
  el.appendChild(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
