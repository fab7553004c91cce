import { describe, expect, it } from 'vitest';

import { axesOf, axisValue, firstAxes, scaleOf } from '../../src/model/scatter';
import { run } from './sample';

const facts = (min: number) => ({ count: 1, last: min, min, max: min });
const runs = [0.1, 0.01, 0.001].map((lr, n) =>
  run({
    id: `r${n}`,
    duration_seconds: 10 + n,
    config: { lr, seed: 1, net: n === 0 ? 'vit' : 'resnet' },
    metrics: { 'val/loss': facts(n === 2 ? Number.NaN : 0.5 - n / 10) }
  })
);

describe('axes', () => {
  it('are what differs, and heights what has numbers', () => {
    const axes = axesOf(runs);
    expect(axes.across).toContain('config.net');
    expect(axes.across).not.toContain('config.seed');
    expect(axes.up).not.toContain('config.net');
    expect(firstAxes(axes)).toEqual(['config.lr', 'val/loss.min']);
    expect(firstAxes(axesOf([]))).toEqual(['', '']);
  });

  it('have nothing where a run has no finite value', () => {
    expect(axisValue(runs[2] ?? run(), 'val/loss.min')).toBeNull();
    expect(axisValue(run(), 'config.lr')).toBeUndefined();
  });
});

describe('scales', () => {
  it('place numbers between the least and the greatest', () => {
    const scale = scaleOf([1, 2, 3, null], false, String);
    expect([1, 2, 3].map(value => scale.place(value)?.toFixed(2))).toEqual(['0.04', '0.50', '0.96']);
    expect(scale.place('2')).toBeNull();
    expect(scale.marks.map(mark => mark.words)).toEqual(['1', '1.5', '2', '2.5', '3']);
  });

  it('go by powers of ten, without what has none', () => {
    const scale = scaleOf([0.01, 0.1, 1, 0, -3], true, String);
    expect(scale.place(0.1)).toBeCloseTo(0.5);
    expect([0, -3].map(value => scale.place(value))).toEqual([null, null]);
    expect(scaleOf([0, -1], true, String).marks).toEqual([]);
  });

  it('have one place for one number and for each text', () => {
    expect(scaleOf([5, 5], false, String).place(5)).toBe(0.5);
    const scale = scaleOf(['b', 'a', true], false, String);
    expect(scale.marks.map(mark => mark.words)).toEqual(['a', 'b', 'true']);
    expect(scale.place(true)).toBeCloseTo(5 / 6);
    expect(scale.place(undefined)).toBeNull();
  });
});
