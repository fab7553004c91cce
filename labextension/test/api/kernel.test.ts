import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { KernelTransport } from '../../src/api/kernel';
import type { KernelMessage, WidgetModel } from '../../src/api/kernel';
import { Rest } from '../../src/api/rest';

type Told = { op: string; view: string; id: number; [name: string]: unknown };

/** The kernel's end of a widget's messages. */
class Kernel implements WidgetModel {
  readonly told: Told[] = [];
  private listeners = new Set<(message: KernelMessage, buffers?: readonly DataView[]) => void>();

  get(): unknown {
    return undefined;
  }

  on(_: 'msg:custom', listener: (message: KernelMessage, buffers?: readonly DataView[]) => void): void {
    this.listeners.add(listener);
  }

  off(_: 'msg:custom', listener: (message: KernelMessage, buffers?: readonly DataView[]) => void): void {
    this.listeners.delete(listener);
  }

  send(message: object): void {
    this.told.push(message as Told);
  }

  says(message: object, body?: string): void {
    const buffers = body === undefined ? [] : [new DataView(new TextEncoder().encode(body).buffer)];
    this.listeners.forEach(listener => listener(message as KernelMessage, buffers));
  }

  last(op: string): Told {
    const found = this.told.filter(message => message.op === op).pop();
    if (found === undefined) {
      throw new Error(`the kernel was not told ${op}`);
    }
    return found;
  }

  answers(status: number, body: string, headers: Record<string, string> = {}): void {
    const { view, id } = this.last('request');
    this.says({ op: 'answer', view, id, status, headers }, body);
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('CloseEvent', class extends Event {});
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('requests through the kernel', () => {
  it('are answered as if by the server, with status, headers and bytes', async () => {
    const kernel = new Kernel();
    const transport = new KernelTransport(kernel);
    const rest = new Rest(transport.base, transport.send);
    const piece = rest.log('job-4', 10, 100);
    expect(kernel.last('request')).toMatchObject({ method: 'GET', path: 'jobs/job-4/log?offset=10&limit=100' });
    kernel.answers(200, 'hello', { 'X-Trackside-Next': '15' });
    expect(await piece).toMatchObject({ offset: 10, next: 15 });
    transport.dispose();
  });

  it('bring the server’s own words for what went wrong', async () => {
    const kernel = new Kernel();
    const transport = new KernelTransport(kernel);
    const job = new Rest(transport.base, transport.send).job('9');
    kernel.answers(404, '{"error": {"code": "not_found", "message": "No job 9.", "hint": "See the list."}}');
    await expect(job).rejects.toMatchObject({ message: 'No job 9.', hint: 'See the list.', missing: true });
    transport.dispose();
  });

  it('tell how many the kernel has not answered', async () => {
    const kernel = new Kernel();
    const transport = new KernelTransport(kernel);
    const seen: number[] = [];
    transport.onWaiting = waiting => seen.push(waiting);
    const answer = transport.send('kernel:/health', {});
    kernel.answers(200, '{}');
    await answer;
    expect(seen).toEqual([1, 0]);
    transport.dispose();
  });

  it('are not answered by what is meant for another view of the same panel', async () => {
    const kernel = new Kernel();
    const [one, other] = [new KernelTransport(kernel), new KernelTransport(kernel)];
    let answered = 0;
    void one.send('kernel:/health', {}).then(() => (answered += 1));
    void other.send('kernel:/health', {}).then(() => (answered += 10));
    kernel.answers(200, '{}');
    await vi.advanceTimersByTimeAsync(0);
    expect(answered).toBe(10);
    one.dispose();
    other.dispose();
  });
});

describe('the stream through the kernel', () => {
  it('passes frames both ways, in order', async () => {
    const kernel = new Kernel();
    const transport = new KernelTransport(kernel);
    const socket = transport.open();
    const heard: unknown[] = [];
    socket.onmessage = event => heard.push((event as MessageEvent).data);
    await vi.advanceTimersByTimeAsync(0);
    expect(socket.readyState).toBe(1);
    socket.send('{"op":"subscribe"}');
    const { view, text } = kernel.last('frame');
    expect(text).toBe('{"op":"subscribe"}');
    kernel.says({ op: 'frames', view, frames: ['a', 'b'] });
    expect(heard).toEqual(['a', 'b']);
    transport.dispose();
  });

  it('is closed, so that it is begun anew, when the kernel has forgotten the view', () => {
    const kernel = new Kernel();
    const transport = new KernelTransport(kernel);
    const socket = transport.open();
    const closed = vi.fn();
    socket.onclose = closed;
    kernel.says({ op: 'unknown', view: kernel.last('hello').view });
    expect(closed).toHaveBeenCalledOnce();
    transport.dispose();
  });
});

it('a view gives signs of life until it goes, and then says so', () => {
  const kernel = new Kernel();
  const transport = new KernelTransport(kernel);
  vi.advanceTimersByTime(65_000);
  expect(kernel.told.map(({ op }) => op)).toEqual(['hello', 'alive', 'alive', 'alive']);
  transport.dispose();
  vi.advanceTimersByTime(65_000);
  expect(kernel.told.map(({ op }) => op)).toEqual(['hello', 'alive', 'alive', 'alive', 'bye']);
});
