import { describe, expect, it } from 'vitest';

import {
  clock,
  duration,
  endPhrase,
  gpuName,
  holderPhrase,
  jobSentence,
  limitSentence,
  moment,
  number,
  size,
  sizeOf,
  timeLeft
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

  it('tell what is left only where that can be known', () => {
    expect(timeLeft(37, 100, 0.0875)).toBe('12 min left');
    expect([timeLeft(37, null, 1), timeLeft(37, 100, null), timeLeft(100, 100, 1)]).toEqual(['', '', '']);
  });

  it('tell who holds a GPU and since when it idles', () => {
    const holder = {
      kind: 'kernel',
      label: 'analysis.ipynb',
      id: null,
      user: null,
      since: null,
      until: null,
      share: 1
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
      holders: []
    };
    expect(gpuName({ ...gpu, name: 'NVIDIA H100 80GB HBM3' })).toBe('H100 80 GB');
  });

  it('write a moment shorter the nearer it is', () => {
    const local = (hours: number) => new Date(NOW - hours * 3_600_000).toISOString();
    expect(moment(local(0), NOW)).toMatch(/^\d\d:\d\d$/);
    expect(moment(local(72), NOW)).toMatch(/^\w+ \d\d:\d\d$/);
    expect(moment(local(24 * 30), NOW)).not.toMatch(/:/);
  });
});
