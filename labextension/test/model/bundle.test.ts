import { describe, expect, it } from 'vitest';

import { readBundle } from '../../src/model/bundle';
import { readOutputs } from '../../src/model/outputs';

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
    for (const broken of [null, 'job', [], { ...whole, version: 2 }, { ...whole, uuid: 1 }, { ...whole, home_id: null }, { ...whole, kind: 'x' }]) {
      expect(readBundle(broken)).toBeNull();
    }
  });

  it('shows curves with the defaults where it says nothing, and bounds the smoothing', () => {
    const track = { version: 1, kind: 'track', home_id: 'h', runs: [run, { run_id: 3 }] };
    expect(readBundle(track)).toMatchObject({ keys: [], axis: 'step', smooth: 0, log: false, last: null, runs: [{ runId: 'job-41' }] });
    expect(readBundle({ ...track, smooth: 1.5, x: 'time', last: 50, log: true })).toMatchObject({ smooth: 0, axis: 'time', last: 50, log: true });
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
    const shown = (text: string, kind: string) => ({ output_type: kind, data: { 'text/plain': text }, transient: { display_id: 'd' } });
    const outputs = readOutputs([shown('old', 'display_data'), shown('new', 'update_display_data')]);
    expect(outputs).toMatchObject([{ data: { 'text/plain': 'new' } }]);
  });
});
