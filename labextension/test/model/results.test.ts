import { expect, it } from 'vitest';

import { readResults } from '../../src/model/results';

it('what came back has type and size, what did not a reason; a damaged manifest is nothing', () => {
  const manifest = {
    model: { type: 'dict', size: 12, repr: '{…}', file: 'model.pkl' },
    gone: { error: 'no such name' }
  };
  expect(readResults(JSON.stringify(manifest))).toEqual([
    { name: 'model', type: 'dict', size: 12, shown: '{…}', error: '' },
    { name: 'gone', type: '', size: 0, shown: '', error: 'no such name' }
  ]);
  expect(readResults('{"model": null}')).toHaveLength(1);
  expect(readResults('{"mod')).toEqual([]);
  expect(readResults('3')).toEqual([]);
});
