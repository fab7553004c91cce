import { describe, expect, it } from 'vitest';

import { shownCells } from '../../src/model/notebook';

const code = (source: string | string[], outputs: object[], count: number | null = 1) => ({
  cell_type: 'code',
  source,
  outputs,
  execution_count: count
});
const notebook = (...cells: object[]) => JSON.stringify({ cells, nbformat: 4 });

describe('the cells of a notebook', () => {
  it('show what they printed as one text, between what they displayed', () => {
    const cells = shownCells(
      notebook(
        { cell_type: 'markdown', source: '# Title' },
        code(
          ['a\n', 'b'],
          [
            { output_type: 'stream', name: 'stdout', text: ['one\n', 'two\n'] },
            { output_type: 'stream', name: 'stderr', text: 'three' },
            { output_type: 'display_data', data: { 'image/png': 'iVBOR', 'text/plain': 'plot' }, metadata: {} },
            { output_type: 'stream', name: 'stdout', text: 'four' }
          ],
          3
        ),
        code('silent', [])
      )
    );
    expect(cells?.map(({ count, source }) => [count, source])).toEqual([[3, 'a\nb']]);
    expect(cells?.[0]?.outputs.map(output => output.output_type !== 'error' && output.data)).toEqual([
      { 'text/plain': 'one\ntwo\nthree' },
      { 'image/png': 'iVBOR', 'text/plain': 'plot' },
      { 'text/plain': 'four' }
    ]);
  });

  it('show errors, and nothing that runs', () => {
    const cells = shownCells(
      notebook(
        code('x', [{ output_type: 'error', ename: 'ValueError', evalue: 'no', traceback: ['…'] }], null),
        code('y', [{ output_type: 'display_data', data: { 'application/javascript': 'alert(1)' }, metadata: {} }]),
        code('z', [
          { output_type: 'execute_result', data: { 'application/vnd.trackside+json': {}, 'text/plain': 'job 4' } }
        ])
      )
    );
    expect(cells?.map(({ source }) => source)).toEqual(['x', 'z']);
    expect(cells?.[1]?.outputs).toMatchObject([{ data: { 'text/plain': 'job 4' } }]);
    expect(Object.keys((cells?.[1]?.outputs[0] as { data: object }).data)).toEqual(['text/plain']);
  });

  it('show the beginning of a very long text', () => {
    const [cell] = shownCells(notebook(code('x', [{ output_type: 'stream', text: 'x'.repeat(50_000) }]))) ?? [];
    const data = (cell?.outputs[0] as { data: Record<string, string> }).data['text/plain'];
    expect([data?.length, data?.endsWith('…')]).toEqual([20_001, true]);
  });
});

it('what is no notebook is none', () => {
  expect([shownCells('{'), shownCells('[]'), shownCells('{"cells": 3}')]).toEqual([null, null, null]);
  expect(shownCells(notebook(3 as unknown as object, { outputs: 'x' }))).toEqual([]);
});
