/** Terminal colours: pieces of text with the look that escape sequences gave them. */

/** A look; `color` and `background` are `c0` to `c15` for the named colours, else CSS colours. */
export interface Look {
  readonly color?: string;
  readonly background?: string;
  readonly bold?: boolean;
  readonly dim?: boolean;
  readonly italic?: boolean;
  readonly underline?: boolean;
}

export interface Piece {
  readonly text: string;
  readonly look: Look;
}

export const PLAIN: Look = {};

const ESCAPE = /\x1b(?:\[([0-9;:]*)([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])/g;
const LEVELS = [0, 95, 135, 175, 215, 255];

/** Return the pieces of one line and the look that is in force after it. */
export function pieces(line: string, look: Look): { pieces: Piece[]; look: Look } {
  if (!line.includes('\x1b')) {
    return { pieces: line ? [{ text: line, look }] : [], look };
  }
  const found: Piece[] = [];
  let position = 0;
  for (const match of line.matchAll(ESCAPE)) {
    push(found, line.slice(position, match.index), look);
    position = match.index + match[0].length;
    if (match[2] === 'm') {
      look = changed(look, match[1] ?? '');
    }
  }
  push(found, line.slice(position), look);
  return { pieces: found, look };
}

function push(found: Piece[], text: string, look: Look): void {
  if (text) {
    found.push({ text, look });
  }
}

function changed(look: Look, parameters: string): Look {
  const codes = parameters.split(/[;:]/).map(Number);
  let now = look;
  for (let index = 0; index < codes.length; index++) {
    const code = codes[index] ?? 0;
    if (code === 38 || code === 48) {
      const [color, used] = extended(codes, index + 1);
      now = { ...now, [code === 38 ? 'color' : 'background']: color };
      index += used;
    } else {
      now = simple(now, code);
    }
  }
  return now;
}

function simple(look: Look, code: number): Look {
  switch (code) {
    case 0:
      return PLAIN;
    case 1:
      return { ...look, bold: true };
    case 2:
      return { ...look, dim: true };
    case 3:
      return { ...look, italic: true };
    case 4:
      return { ...look, underline: true };
    case 22:
      return { ...look, bold: false, dim: false };
    case 23:
      return { ...look, italic: false };
    case 24:
      return { ...look, underline: false };
    case 39:
      return { ...look, color: undefined };
    case 49:
      return { ...look, background: undefined };
    default:
      return named(look, code);
  }
}

function named(look: Look, code: number): Look {
  const bright = code >= 90 ? 8 : 0;
  const base = code - (bright ? 60 : 0);
  if (base >= 30 && base <= 37) {
    return { ...look, color: `c${base - 30 + bright}` };
  }
  return base >= 40 && base <= 47 ? { ...look, background: `c${base - 40 + bright}` } : look;
}

/** The colour of `5;n` or `2;r;g;b`, and how many numbers it took. */
function extended(codes: number[], at: number): [string | undefined, number] {
  if (codes[at] === 5) {
    return [indexed(codes[at + 1] ?? 0), 2];
  }
  if (codes[at] === 2) {
    return [`rgb(${codes[at + 1] ?? 0}, ${codes[at + 2] ?? 0}, ${codes[at + 3] ?? 0})`, 4];
  }
  return [undefined, 0];
}

function indexed(index: number): string {
  if (index < 16) {
    return `c${index}`;
  }
  if (index >= 232) {
    const grey = 8 + (index - 232) * 10;
    return `rgb(${grey}, ${grey}, ${grey})`;
  }
  const cube = index - 16;
  const level = (value: number) => LEVELS[value % 6] ?? 0;
  return `rgb(${level(Math.floor(cube / 36))}, ${level(Math.floor(cube / 6))}, ${level(cube)})`;
}
