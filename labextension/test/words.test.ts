import { describe, expect, it } from 'vitest';

import {
  clock,
  duration,
  endPhrase,
  count,
  gpuName,
  holderPhrase,
  jobSentence,
  limitSentence,
  moment,
  number,
  paceWords,
  progressWords,
  size,
  sizeOf,
  timeLeft,
  unlimitedSentence
} from '../src/words';
import { job } from './model/sample';

const NOW = Date.parse('2026-11-22T12:00:00Z');

describe('numbers', () => {
  it.each([
    [7.2, '00:07'],
    [432, '07:12'],
    [4032, '1:07:12'],
    [180_420, '2 d 02:07']
  ])('a clock shows %d seconds as %s', (seconds, words) => expect(clock(seconds)).toBe(words));

  it.each([
    [0.42, '0.4 s'],
    [48, '48 s'],
    [720, '12 min'],
    [9000, '2 h 30 min'],
    [7200, '2 h'],
    [300_000, '3 d 11 h']
  ])('%d seconds last %s', (seconds, words) => expect(duration(seconds)).toBe(words));

  it.each([
    [17, '17 bytes'],
    [1, '1 byte'],
    [1536, '1.5 KB'],
    [8 * 2 ** 30, '8 GB'],
    [512 * 2 ** 20, '512 MB']
  ])('%d bytes are %s', (bytes, words) => expect(size(bytes)).toBe(words));

  it('a part of a size leaves out the unit when it is the same', () => {
    expect(sizeOf(9.4 * 2 ** 30, 64 * 2 ** 30)).toBe('9.4 of 64 GB');
    expect(sizeOf(300 * 2 ** 20, 64 * 2 ** 30)).toBe('300 MB of 64 GB');
  });

  it.each([
    [0.21344, '0.2134'],
    [0.0123456, '0.0123'],
    [0.01, '0.01'],
    [12.5, '12.500'],
    [3410, '3410'],
    [0.0000123, '1.23e-5'],
    [Number.NaN, 'NaN'],
    [-Infinity, '−∞'],
    [null, '–']
  ])('a metric of %d reads %s', (value, words) => expect(number(value)).toBe(words));
});

describe('sentences', () => {
  it('say why a job waits, how long it ran, how it ended', () => {
    expect(jobSentence(job({ message: 'needs 2 GPUs, 1 of 4 is free' }), NOW)).toBe('needs 2 GPUs, 1 of 4 is free');
    expect(jobSentence(job({ status: 'running', started_at: '2026-11-22T11:52:48Z' }), NOW)).toBe('running for 07:12');
    const ended = job({ status: 'completed', started_at: '2026-11-22T08:00:00Z', finished_at: '2026-11-22T08:41:00Z' });
    expect(jobSentence(ended, NOW)).toMatch(/^completed in 41 min · \d\d:\d\d$/);
  });

  it('name the reason of an end, and none for a wish of the user', () => {
    expect(endPhrase('failed', { code: 'out_of_memory', message: '' })).toBe('failed · out of memory');
    expect(endPhrase('failed', { code: 'exit_code', message: '' }, 3)).toBe('failed · exit code 3');
    expect(endPhrase('failed', { code: 'exception', message: 'ValueError: no\nmore' }, 1)).toBe(
      'failed · ValueError: no'
    );
    expect(endPhrase('failed', { code: 'signal', message: '' }, -9)).toBe('failed · signal 9');
    expect(endPhrase('cancelled', { code: 'cancelled_by_user', message: '' })).toBe('cancelled');
  });

  it('say of each limit whether it holds', () => {
    expect(limitSentence({ name: 'time', value: 7200, enforced: true, by: 'runner' })).toBe('time limit 2 h, enforced');
    expect(limitSentence({ name: 'memory', value: 2 ** 33, enforced: false, by: '' })).toBe(
      'memory limit 8 GB, not enforced'
    );
  });

  it('count half a GPU as what it is, in the singular', () => {
    expect(count('%1 GPU', '%1 GPUs', 0.5)).toBe('0.5 GPU');
    expect(count('%1 GPU', '%1 GPUs', 2)).toBe('2 GPUs');
  });

  it('tell of a job that may hold GPUs for ever, and of no other', () => {
    const gpus = { count: 2, type: null };
    expect(unlimitedSentence({ status: 'running', spec: { gpus } })).toBe(
      'no time limit: it holds its GPUs until it ends by itself'
    );
    expect(unlimitedSentence({ status: 'pending', spec: { gpus: { count: 0.5, type: null } } })).toContain(
      'its GPU until'
    );
    expect(unlimitedSentence({ status: 'running', spec: { gpus, time: 3600 } })).toBe('');
    expect(unlimitedSentence({ status: 'completed', spec: { gpus } })).toBe('');
    expect(unlimitedSentence({ status: 'running', spec: {} })).toBe('');
  });

  it('tell what is left only where that can be known', () => {
    const told = { i: 37, total: 100, rate: 0.0875, label: 'epoch', part: 0, at: null };
    expect(timeLeft(told, NOW)).toBe('12 min left');
    expect(timeLeft({ ...told, part: 0.5, rate: 0.5, at: '2026-11-22T11:58:30Z' }, NOW)).toBe('35 s left');
    expect(timeLeft({ ...told, at: '2026-11-22T01:00:00Z' }, NOW)).toBe('');
    for (const unknown of [{ total: null }, { rate: null }, { i: 100 }]) {
      expect(timeLeft({ ...told, ...unknown }, NOW)).toBe('');
    }
  });

  it('tell how far it is and how fast', () => {
    const told = { i: 37, total: 100, rate: null, label: '', part: 0.5, at: null };
    expect(progressWords(told)).toBe('37 of 100');
    expect(progressWords({ ...told, label: 'epoch' })).toBe('epoch 37 of 100');
    expect(progressWords({ ...told, total: null })).toBe('step 37');
    expect([paceWords(null), paceWords(3.41), paceWords(123.4), paceWords(0.08)]).toEqual([
      '',
      '3.4/s',
      '123/s',
      '13 s each'
    ]);
  });

  it('tell who holds a GPU and since when it idles', () => {
    const holder = {
      kind: 'kernel',
      label: 'analysis.ipynb',
      id: null,
      user: null,
      since: null,
      until: null,
      share: 1,
      pid: null,
      memory: null
    };
    expect(holderPhrase({ ...holder, idle_since: '2026-11-22T09:00:00Z' }, NOW)).toBe('analysis.ipynb · idle 3 h');
    expect(holderPhrase({ ...holder, kind: 'job', label: 'baseline', id: 'job-41', idle_since: null }, NOW)).toBe(
      'baseline · 41'
    );
  });

  it('call a GPU by its short name and memory', () => {
    const gpu = {
      index: 0,
      uuid: 'g',
      memory_total: 80 * 2 ** 30,
      memory_used: 0,
      utilization: 0,
      temperature: null,
      power: null,
      free: true,
      holders: [],
      error: ''
    };
    expect(gpuName({ ...gpu, name: 'NVIDIA H100 80GB HBM3' })).toBe('H100 80 GB');
    expect(gpuName({ ...gpu, name: 'NVIDIA A100-SXM4-80GB' })).toBe('A100-SXM4 80 GB');
    const half = { ...gpu, memory_total: 40 * 2 ** 30 };
    expect(gpuName({ ...half, name: 'NVIDIA A100-SXM4-80GB MIG 3g.40gb' })).toBe('A100-SXM4 MIG 40 GB');
    expect(gpuName({ ...gpu, name: 'unknown GPU', memory_total: 0 })).toBe('unknown GPU');
  });

  it('write a moment shorter the nearer it is', () => {
    const local = (hours: number) => new Date(NOW - hours * 3_600_000).toISOString();
    expect(moment(local(0), NOW)).toMatch(/^\d\d:\d\d$/);
    expect(moment(local(72), NOW)).toMatch(/^\w+ \d\d:\d\d$/);
    expect(moment(local(24 * 30), NOW)).not.toMatch(/:/);
  });
});
