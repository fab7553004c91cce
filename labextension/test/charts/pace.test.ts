import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Beat } from '../../src/charts/pace';

describe('a beat', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('runs what came together once, at once, and what comes then only after its gap', () => {
    const ran: string[] = [];
    const [first, second] = [() => ran.push('first'), () => ran.push('second')];
    const { soon } = new Beat(1000);
    soon(first);
    soon(second);
    soon(first);
    expect(ran).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(ran).toEqual(['first', 'second']);
    soon(first);
    vi.advanceTimersByTime(900);
    expect(ran).toEqual(['first', 'second']);
    vi.advanceTimersByTime(100);
    expect(ran).toEqual(['first', 'second', 'first']);
  });

  it('waits no longer when it is told so', () => {
    const ran: string[] = [];
    const beat = new Beat(1000);
    beat.soon(() => undefined);
    vi.advanceTimersByTime(1);
    beat.soon(() => ran.push('unseen'));
    beat.now();
    expect(ran).toEqual(['unseen']);
    vi.advanceTimersByTime(5000);
    expect(ran).toEqual(['unseen']);
  });

  it('goes on with what is asked for by what it runs', () => {
    const ran: string[] = [];
    const beat = new Beat(50);
    beat.soon(() => beat.soon(() => ran.push('inner')));
    vi.advanceTimersByTime(200);
    expect(ran).toEqual(['inner']);
  });
});
