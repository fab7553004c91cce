import { describe, expect, it } from 'vitest';

import { readBundle } from '../../src/model/bundle';
import { largeData, readOutputs, withData } from '../../src/model/outputs';

const run = { run_id: 'job-41', uuid: 'u', name: 'baseline' };

describe('what a notebook holds', () => {
  it('is read when home, run and uuid are named', () => {
    expect(readBundle({ version: 1, kind: 'job', home_id: 'h', ...run })).toEqual({
      kind: 'job',
      homeId: 'h',
      root: 'artifacts',
      run: { runId: 'job-41', uuid: 'u', name: 'baseline' }
    });
  });

  it('is nothing for this version when a part is missing or it is newer', () => {
    const whole = { version: 1, kind: 'job', home_id: 'h', ...run };
    for (const broken of [
      null,
      'job',
      [],
      { ...whole, version: 2 },
      { ...whole, uuid: 1 },
      { ...whole, home_id: null },
      { ...whole, kind: 'x' }
    ]) {
      expect(readBundle(broken)).toBeNull();
    }
  });

  it('shows curves with the defaults where it says nothing, and bounds the smoothing', () => {
    const track = { version: 1, kind: 'track', home_id: 'h', runs: [run, { run_id: 3 }] };
    expect(readBundle(track)).toMatchObject({
      keys: [],
      axis: 'step',
      smooth: 0,
      log: false,
      last: null,
      runs: [{ runId: 'job-41' }]
    });
    expect(readBundle({ ...track, smooth: 1.5, x: 'time', last: 50, log: true })).toMatchObject({
      smooth: 0,
      axis: 'time',
      last: 50,
      log: true
    });
    expect(readBundle({ ...track, runs: [] })).toBeNull();
  });
});

describe('rich outputs', () => {
  it('keep their order; plain streams stay in the log', () => {
    const outputs = readOutputs([
      { output_type: 'stream', name: 'stdout', text: 'x' },
      { output_type: 'display_data', data: { 'text/plain': 'a' }, metadata: {} },
      { output_type: 'error', ename: 'ValueError', evalue: 'no', traceback: ['t'] },
      { what: 'ever' }
    ]);
    expect(outputs.map(output => output.output_type)).toEqual(['display_data', 'error']);
  });

  it('replace what a display id names', () => {
    const shown = (text: string, kind: string) => ({
      output_type: kind,
      data: { 'text/plain': text },
      transient: { display_id: 'd' }
    });
    const outputs = readOutputs([shown('old', 'display_data'), shown('new', 'update_display_data')]);
    expect(outputs).toMatchObject([{ data: { 'text/plain': 'new' } }]);
  });

  it('are taken away by a clear, at once or when the next one comes', () => {
    const figure = { output_type: 'display_data', data: { 'text/plain': 'a' } };
    const cleared = (wait: boolean) => ({ output_type: 'clear_output', wait });
    expect(readOutputs([figure, cleared(false)])).toEqual([]);
    expect(readOutputs([figure, cleared(true)])).toHaveLength(1);
    expect(readOutputs([figure, cleared(true), figure])).toHaveLength(1);
  });

  it('have their large data in files, put back as a notebook holds it', () => {
    const record = {
      output_type: 'display_data',
      data: {},
      files: { 'image/png': { path: 'outputs/0001.png', size: 3 }, 'text/html': { size: 1 } }
    };
    expect(largeData(record)).toEqual([{ mime: 'image/png', path: 'outputs/0001.png', size: 3 }]);
    const bytes = new Uint8Array([1, 2, 3]);
    expect(withData(record, 'image/png', bytes)['data']).toEqual({ 'image/png': 'AQID' });
    expect(withData(record, 'image/svg+xml', new TextEncoder().encode('<svg/>'))['data']).toEqual({
      'image/svg+xml': '<svg/>'
    });
    expect(withData(record, 'application/json', new TextEncoder().encode('[1]'))['data']).toEqual({
      'application/json': [1]
    });
  });
});
