import { describe, expect, it } from 'vitest';

import { ApiError } from '../../src/api/rest';
import type { Rest } from '../../src/api/rest';
import type { Event, Queue } from '../../src/api/types';
import type { EventListener, Events } from '../../src/model/events';
import { QueueState } from '../../src/model/queue';

const PAUSED: Queue = { paused: true, since: '2026-11-22T09:00:00Z', by: 'alice', tag_limits: {} };
const MOVING: Queue = { paused: false, since: null, by: '', tag_limits: {} };

function queueOf(answers: (Queue | ApiError)[]) {
  let told: EventListener | null = null;
  const rest = {
    queue: () => {
      const answer = answers.shift() ?? MOVING;
      return answer instanceof ApiError ? Promise.reject(answer) : Promise.resolve(answer);
    }
  } as Rest;
  const events = {
    listen: (listener: EventListener) => {
      told = listener;
      return { dispose: () => undefined };
    }
  } as unknown as Events;
  return { queue: new QueueState(rest, events), tell: () => told };
}

describe('the queue', () => {
  it('is as the server says at the start, then as events say', async () => {
    const { queue, tell } = queueOf([PAUSED]);
    await queue.start();
    expect(queue.state.get()).toEqual(PAUSED);
    tell()?.onEvent({ type: 'queue', id: 1, at: '2026-11-22T09:01:00Z', queue: MOVING } as Event);
    expect(queue.state.get().paused).toBe(false);
  });

  it('is read anew when events were missed', async () => {
    const { queue, tell } = queueOf([MOVING, PAUSED]);
    await queue.start();
    tell()?.onGap?.();
    await Promise.resolve();
    await Promise.resolve();
    expect(queue.state.get().paused).toBe(true);
  });

  it('of a server that cannot pause moves', async () => {
    const { queue } = queueOf([new ApiError(404, 'not_found', 'There is no address.')]);
    await queue.start();
    expect(queue.state.get().paused).toBe(false);
  });
});
