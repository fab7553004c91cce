import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import type { Status } from '../../src/api/types';
import { group } from '../../src/model/groups';
import { pinnedOf, sectionsOf } from '../../src/model/sections';
import { compared, VERSION } from '../../src/model/version';
import { statusWord } from '../../src/words';

const many = [
  'loss',
  'val/loss',
  'acc',
  ...['lr', 'norm', 'beta'].map(key => `optim/${key}`),
  ...['a', 'b', 'c', 'd', 'e'].map(key => `layer/${key}`)
];

describe('many charts', () => {
  it('stand in sections by the first part of their names, but not by what they were measured on', () => {
    expect(sectionsOf(group(many)).map(({ name, charts }) => [name, charts.length])).toEqual([
      ['', 2],
      ['optim', 3],
      ['layer', 5]
    ]);
  });

  it('are one section where they are few, or all begin the same', () => {
    expect(sectionsOf(group(['loss', 'optim/lr'])).length).toBe(1);
    expect(sectionsOf(group(many.filter(key => !key.includes('/')))).length).toBe(1);
  });

  it('have the pinned ones as they were pinned, and none that this run has not', () => {
    expect(pinnedOf(group(many), ['acc', 'gone', 'loss']).map(chart => chart.title)).toEqual(['acc', 'loss']);
  });
});

describe('versions', () => {
  it('are compared part by part, and told apart only where one can', () => {
    expect(compared('0.1.0', '0.2.0')).toBe(-1);
    expect(compared('0.10.0', '0.9.1')).toBe(1);
    expect(compared('1.0.0', '1.0.0+local')).toBe(0);
    expect(compared('1.0.0', 'unknown')).toBe(0);
  });

  it('of page and package are one', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(VERSION).toBe(version);
  });

  it('may know other states', () => {
    expect(statusWord('dreaming' as Status)).toBe('dreaming');
  });
});
