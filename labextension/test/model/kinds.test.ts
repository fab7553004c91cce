import { describe, expect, it } from 'vitest';

import { kindOf, textOf } from '../../src/model/kinds';

describe('the kind of a file', () => {
  it('is in the ending of its name', () => {
    expect(kindOf('plots/Loss.PNG')).toEqual({ type: 'picture', mime: 'image/png' });
    const types = ['a.csv', 'a.parquet', 'a.json', 'a.ipynb', 'a.log', 'a.jsonl'].map(path => kindOf(path).type);
    expect(types).toEqual(['table', 'table', 'json', 'notebook', 'text', 'text']);
    expect(kindOf('best.safetensors')).toEqual({ type: 'closed', what: 'weights' });
  });

  it('is not known where nothing is said', () => {
    expect(['LICENSE', 'model.bin', 'a.csv/x', 'a.', ''].map(path => kindOf(path).type)).toEqual(
      Array<string>(5).fill('unknown')
    );
  });
});

describe('bytes as a text', () => {
  const bytes = (text: string) => new TextEncoder().encode(text);

  it('may end within a character', () => {
    expect(textOf(bytes('Größe é').subarray(0, -1))).toBe('Größe ');
  });

  it('are none where they are no characters', () => {
    expect(textOf(new Uint8Array([0x80, 0x61]))).toBeNull();
    expect(textOf(bytes('a\0b'))).toBeNull();
  });
});
