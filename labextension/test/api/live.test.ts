import { describe, expect, it } from 'vitest';

import { Backoff } from '../../src/api/backoff';
import { Live } from '../../src/api/live';
import type { Socket, Timers } from '../../src/api/live';
import type { ServerMessage } from '../../src/api/types';

class FakeSocket {
  readyState = 0;
  onopen: Socket['onopen'] = null;
  onmessage: Socket['onmessage'] = null;
  onclose: Socket['onclose'] = null;
  onerror: Socket['onerror'] = null;
  readonly sent: { op: string; sub: string; since?: number; tail?: number; channel?: string }[] = [];

  send(data: string): void {
    this.sent.push(JSON.parse(data));
  }

  close(): void {
    this.readyState = 3;
    this.onclose?.call(this as unknown as WebSocket, {} as CloseEvent);
  }

  opened(): void {
    this.readyState = 1;
    this.onopen?.call(this as unknown as WebSocket, {} as Event);
  }

  says(message: object): void {
    this.onmessage?.call(this as unknown as WebSocket, { data: JSON.stringify(message) } as MessageEvent);
  }
}

class FakeTimers implements Timers {
  readonly waiting: { action: () => void; milliseconds: number }[] = [];

  after(milliseconds: number, action: () => void): () => void {
    const entry = { action, milliseconds };
    this.waiting.push(entry);
    return () => {
      const at = this.waiting.indexOf(entry);
      if (at >= 0) {
        this.waiting.splice(at, 1);
      }
    };
  }

  fire(): void {
    this.waiting.splice(0).forEach(({ action }) => action());
  }
}

function window() {
  const sockets: FakeSocket[] = [];
  const timers = new FakeTimers();
  const open = () => {
    const socket = new FakeSocket();
    sockets.push(socket);
    return socket as unknown as Socket;
  };
  const live = new Live(open, timers, new Backoff(100, 800, () => 0.5));
  const heard: ServerMessage[] = [];
  const last = () => sockets[sockets.length - 1] as FakeSocket;
  return { live, sockets, timers, heard, listen: (message: ServerMessage) => heard.push(message), last };
}

describe('one WebSocket for all subscriptions', () => {
  it('opens one socket however many subscribe', () => {
    const { live, sockets, last, listen } = window();
    live.subscribe({ channel: 'events' }, listen);
    live.subscribe({ channel: 'log', run: 'job-1', tail: 10 }, listen);
    last().opened();
    live.subscribe({ channel: 'metrics', run: 'job-1', since: 7 }, listen);
    expect(sockets).toHaveLength(1);
    expect(last().sent.map(({ op, channel, since, tail }) => [op, channel, since, tail])).toEqual([
      ['subscribe', 'events', undefined, undefined],
      ['subscribe', 'log', undefined, 10],
      ['subscribe', 'metrics', 7, undefined]
    ]);
  });

  it('gives each listener its own messages only', () => {
    const { live, last, listen, heard } = window();
    const others: ServerMessage[] = [];
    live.subscribe({ channel: 'log', run: 'job-1' }, listen);
    live.subscribe({ channel: 'log', run: 'job-2' }, message => others.push(message));
    last().opened();
    last().says({ type: 'log', sub: last().sent[0]?.sub, offset: 0, next: 3, text: 'one' });
    last().says({ type: 'log', sub: last().sent[1]?.sub, offset: 0, next: 3, text: 'two' });
    expect([heard.length, others.length]).toEqual([1, 1]);
  });

  it('closes the socket some time after the last subscription ended', () => {
    const { live, last, listen, timers } = window();
    const subscription = live.subscribe({ channel: 'events' }, listen);
    last().opened();
    subscription.dispose();
    expect(last().readyState).toBe(1);
    timers.fire();
    expect(last().readyState).toBe(3);
    expect(timers.waiting).toHaveLength(0);
  });
});

describe('exact resume', () => {
  it('goes on from the last next after the connection broke, not from the first request', () => {
    const { live, last, listen, timers, sockets } = window();
    live.subscribe({ channel: 'log', run: 'job-1', tail: 100 }, listen);
    last().opened();
    last().says({ type: 'subscribed', sub: last().sent[0]?.sub, next: 50 });
    last().says({ type: 'log', sub: last().sent[0]?.sub, offset: 50, next: 80, text: '…' });
    last().close();
    timers.fire();
    last().opened();
    expect(sockets).toHaveLength(2);
    expect(last().sent[0]).toMatchObject({ op: 'subscribe', since: 80 });
    expect(last().sent[0]).not.toHaveProperty('tail');
  });

  it('does not take what was still under way for the subscription before', () => {
    const { live, last, listen, heard } = window();
    live.subscribe({ channel: 'log', run: 'job-1' }, listen);
    last().opened();
    const before = last().sent[0]?.sub;
    live.setHidden(true);
    live.setHidden(false);
    last().says({ type: 'log', sub: before, offset: 0, next: 5, text: 'late!' });
    expect(heard).toHaveLength(0);
    expect(last().sent[2]?.sub).not.toBe(before);
  });

  it('begins nothing anew that is done', () => {
    const { live, last, listen, timers } = window();
    live.subscribe({ channel: 'events' }, listen);
    live.subscribe({ channel: 'log', run: 'job-1' }, listen);
    last().opened();
    last().says({ type: 'done', sub: last().sent[1]?.sub, next: 9, status: 'completed', reason: null });
    last().close();
    timers.fire();
    last().opened();
    expect(last().sent.map(({ channel }) => channel)).toEqual(['events']);
  });

  it('waits ever longer between attempts and starts short again after one worked', () => {
    const { live, last, listen, timers } = window();
    live.subscribe({ channel: 'events' }, listen);
    const waits: number[] = [];
    for (let attempt = 0; attempt < 5; attempt++) {
      last().close();
      waits.push(timers.waiting[0]?.milliseconds ?? -1);
      timers.fire();
    }
    last().opened();
    last().close();
    waits.push(timers.waiting[0]?.milliseconds ?? -1);
    expect(waits).toEqual([100, 200, 400, 800, 800, 100]);
  });
});

describe('a hidden tab', () => {
  it('keeps state changes only, and takes up the rest where it stopped', () => {
    const { live, last, listen } = window();
    live.subscribe({ channel: 'events' }, listen);
    live.subscribe({ channel: 'metrics', run: 'job-1', since: 0 }, listen);
    last().opened();
    const metrics = last().sent[1]?.sub;
    last().says({ type: 'metrics', sub: metrics, offset: 0, next: 64, records: [] });
    live.setHidden(true);
    expect(last().sent[2]).toEqual({ op: 'unsubscribe', sub: metrics });
    live.setHidden(false);
    expect(last().sent[3]).toMatchObject({ op: 'subscribe', channel: 'metrics', since: 64 });
    expect(last().sent).toHaveLength(4);
  });

  it('subscribes to what came while hidden once it is shown', () => {
    const { live, last, listen } = window();
    live.subscribe({ channel: 'events' }, listen);
    last().opened();
    live.setHidden(true);
    live.subscribe({ channel: 'log', run: 'job-1' }, listen);
    expect(last().sent).toHaveLength(1);
    live.setHidden(false);
    expect(last().sent[1]).toMatchObject({ channel: 'log', run: 'job-1' });
  });
});
