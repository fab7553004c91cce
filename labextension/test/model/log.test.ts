import { describe, expect, it } from 'vitest';

import { LogBuffer, wholeLines } from '../../src/model/log';
import type { Line } from '../../src/model/log';

const text = (line: Line) => line.map(piece => piece.text).join('');
const lines = (buffer: LogBuffer) => Array.from({ length: buffer.lineCount }, (_, index) => text(buffer.line(index)));

function filled(...chunks: string[]): LogBuffer {
  const buffer = new LogBuffer();
  let offset = 0;
  for (const chunk of chunks) {
    buffer.append(offset, offset + chunk.length, chunk);
    offset += chunk.length;
  }
  return buffer;
}

describe('lines', () => {
  it('are the same however the text was cut into chunks', () => {
    const whole = 'one\ntwo\r\n\nfo\x1b[31mur\nfive';
    for (let cut = 0; cut <= whole.length; cut++) {
      expect(lines(filled(whole.slice(0, cut), whole.slice(cut)))).toEqual(['one', 'two', '', 'four', 'five']);
    }
  });

  it('show the last state of a progress bar, also while it has no newline', () => {
    const buffer = filled('\r 10%|#   |', '\r 20%|##  |', '\r 30%|');
    expect(lines(buffer)).toEqual([' 30%|']);
    buffer.append(30, 40, '###|\ndone\n');
    expect(lines(buffer)).toEqual([' 30%|###|', 'done']);
  });

  it('keep a colour over line ends and over what was overwritten', () => {
    const buffer = filled('\x1b[31mred\nstill\r\x1b[1mmore\n', 'after');
    expect(buffer.line(1)[0]).toEqual({ text: 'more', look: { color: 'c1', bold: true } });
    expect(buffer.line(2)[0]?.look).toEqual({ color: 'c1', bold: true });
  });

  it('without an end are cut for the screen, not kept from it', () => {
    const buffer = filled(`${'x'.repeat(50_000)}\nnext\n`);
    expect(text(buffer.line(0)).length).toBeLessThan(21_000);
    expect(text(buffer.line(1))).toBe('next');
  });
});

describe('the window', () => {
  it('takes earlier text before its start and joins the lines', () => {
    const buffer = new LogBuffer();
    buffer.append(10, 16, 'three\n');
    buffer.prepend(0, 10, 'one\ntwo..\n');
    expect(lines(buffer)).toEqual(['one', 'two..', 'three']);
    expect([buffer.start, buffer.end]).toEqual([0, 16]);
  });

  it('gives up its oldest text when it holds too much, and knows where it begins now', () => {
    const buffer = new LogBuffer();
    for (let chunk = 0; chunk < 100; chunk++) {
      buffer.append(chunk * 100, chunk * 100 + 100, `${'y'.repeat(99)}\n`);
    }
    expect(buffer.bound(8000)).toBe(true);
    expect(buffer.length).toBeLessThanOrEqual(4200);
    expect(buffer.start % 100).toBe(0);
    expect(buffer.start).toBeGreaterThan(0);
    expect(buffer.lineCount).toBe((buffer.end - buffer.start) / 100);
    expect(buffer.bound(8000)).toBe(false);
  });

  it('reads a piece of the file from its first whole line, counting bytes', () => {
    const bytes = new TextEncoder().encode('é tail\nÄpfel\n');
    expect(wholeLines(bytes, 100)).toEqual({ offset: 108, text: 'Äpfel\n' });
    expect(wholeLines(bytes, 0).text).toBe('é tail\nÄpfel\n');
  });

  it('puts one line in the place of a part that is no longer kept, and goes on before that part', () => {
    const bytes = new Uint8Array(108);
    bytes.set(new TextEncoder().encode('last\n'), 103);
    const piece = wholeLines(bytes, 9_000_000, { start: 4096, end: 9_000_103 }, size => `… ${size} …`);
    expect(piece.offset).toBe(4096);
    expect(piece.text).toBe('… 8996007 …\nlast\n');
  });

  it('takes a piece inside one long line as it is', () => {
    const bytes = new TextEncoder().encode('zzzz\n');
    expect(wholeLines(bytes, 100)).toEqual({ offset: 100, text: 'zzzz\n' });
  });
});
