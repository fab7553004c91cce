import { describe, expect, it } from 'vitest';

import { costPhrase } from '../src/run/cost';
import { job as sample } from './model/sample';

const BEGUN = Date.parse('2026-11-22T09:00:00Z');
const HOUR = 3_600_000;

function job(fields: Parameters<typeof sample>[0]) {
  return sample({ status: 'running', started_at: new Date(BEGUN).toISOString(), ...fields });
}

describe('what a job takes', () => {
  it('rises while it runs, from what the server said', () => {
    const priced = job({
      cost_per_hour: 2.5,
      cost: 0,
      currency: 'EUR',
      gpus: ['a', 'b'],
      spec: { gpus: { count: 2, type: null } }
    });
    expect(costPhrase(priced, BEGUN + 2 * HOUR)).toBe('2.50 EUR an hour · 5.00 EUR · 4 GPU-hours so far');
    expect(costPhrase({ ...priced, cost: 9 }, BEGUN + 2 * HOUR)).toContain('9.00 EUR');
  });

  it('stands still once it has ended', () => {
    const ended = job({ status: 'completed', cost_per_hour: 2.5, cost: 5, currency: '$', gpu_hours: 1 });
    expect(costPhrase(ended, BEGUN + 9 * HOUR)).toBe('$5.00 · 1 GPU-hour');
  });

  it('is nothing for a job without GPU where the site has no prices', () => {
    expect(costPhrase(job({}), BEGUN + HOUR)).toBe('');
    expect(costPhrase(job({ status: 'completed' }), BEGUN)).toBe('');
  });
});
