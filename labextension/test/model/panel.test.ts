import { describe, expect, it } from 'vitest';

import type { SystemSample } from '../../src/api/types';
import { arranged, placed, shifted } from '../../src/model/arrangement';
import { preferences, USUAL } from '../../src/model/preferences';
import { fieldsOfOptions } from '../../src/model/submitting';
import { HOST, polyline, traced } from '../../src/model/traces';
import type { Traces } from '../../src/model/traces';

describe('the order of sections', () => {
  const known = ['gpus', 'jobs', 'runs'];

  it('is as they were put; new ones stand at the end, and what is gone is forgotten', () => {
    expect(arranged(known, [])).toEqual(known);
    expect(arranged([...known, 'services'], ['runs', 'gpus', 'old', 'runs'])).toEqual([
      'runs',
      'gpus',
      'jobs',
      'services'
    ]);
  });

  it('changes by one place, or to where one is dropped', () => {
    expect(shifted(known, 'runs', -1)).toEqual(['gpus', 'runs', 'jobs']);
    expect(shifted(known, 'gpus', -1)).toEqual(known);
    expect(shifted(known, 'runs', 1)).toEqual(known);
    expect(placed(known, 'runs', 'gpus', 'above')).toEqual(['runs', 'gpus', 'jobs']);
    expect(placed(known, 'gpus', 'jobs', 'below')).toEqual(['jobs', 'gpus', 'runs']);
    expect(placed(known, 'jobs', 'jobs', 'above')).toEqual(known);
  });
});

describe('preferences', () => {
  it('are as usual where nothing was set or what was set cannot be', () => {
    expect(preferences(() => undefined)).toEqual(USUAL);
    const odd: Record<string, unknown> = { refresh: 0, columns: 'lr', notify: 'loud', diskHint: 300, submit: 7 };
    expect(preferences(name => odd[name])).toEqual(USUAL);
    const set: Record<string, unknown> = { refresh: 5, columns: ['config.lr', 3], notify: 'none', diskHint: 50 };
    expect(preferences(name => set[name])).toEqual({
      notify: 'none',
      submit: '',
      refresh: 5,
      columns: ['config.lr'],
      diskHint: 50
    });
  });

  it('of submitting become the fields of a submission', () => {
    expect(fieldsOfOptions('--gpus 1 -t 2h --tag night --tag=lr --max-output 1G --requeue')).toEqual({
      gpus: '1',
      time: '2h',
      tags: ['night', 'lr'],
      max_output: '1G',
      requeue: true
    });
    expect(fieldsOfOptions('')).toEqual({});
  });
});

describe('the last minutes', () => {
  const begin = Date.parse('2026-11-22T09:00:00Z');
  const sample = (seconds: number, cpu: number, gpus: object[] = []) =>
    ({
      at: new Date(begin + seconds * 1000).toISOString(),
      cpu_percent: cpu,
      memory_used: 1,
      memory_total: 4,
      gpus
    }) as unknown as SystemSample;

  it('reach five minutes back and forget what is gone', () => {
    let traces: Traces = new Map();
    for (let at = 0; at <= 600; at += 2) {
      const gpus = at < 500 ? [{ uuid: 'G', utilization: null, memory_used: 3, memory_total: 4 }] : [];
      traces = traced(traces, sample(at, 50, gpus));
    }
    expect([...traces.keys()]).toEqual([HOST]);
    expect(traces.get(HOST)?.at.length).toBe(151);
    expect(traces.get(HOST)?.memory[0]).toBe(0.25);
  });

  it('become a line whose latest point is at the right', () => {
    expect(polyline([begin], [1])).toBe('');
    expect(polyline([begin, begin + 150_000], [0, 2])).toBe('50.0,100.0 100.0,0.0');
  });
});
