import { describe, expect, it } from 'vitest';

import { ApiError, Rest } from '../../src/api/rest';

interface Asked {
  url: string;
  init: RequestInit;
}

function server(answer: () => Response) {
  const asked: Asked[] = [];
  const rest = new Rest('http://host/user/me/trackside/api/v1/', (url, init) => {
    asked.push({ url, init });
    return Promise.resolve(answer());
  });
  return { rest, asked };
}

const json = (body: object, status = 200) => new Response(JSON.stringify(body), { status });

describe('requests', () => {
  it('stay below the base URL and leave out what was not asked', async () => {
    const { rest, asked } = server(() => json({ jobs: [], next: null, counts: {} }));
    await rest.jobs({ status: 'running,pending', limit: 5, tag: undefined });
    expect(asked[0]?.url).toBe('http://host/user/me/trackside/api/v1/jobs?status=running%2Cpending&limit=5');
    expect(asked[0]?.init.method).toBe('GET');
  });

  it('write paths of files so that only their slashes separate', () => {
    const { rest } = server(() => json({}));
    expect(rest.fileUrl('job-1', 'plots/a b#1.png')).toBe(
      'http://host/user/me/trackside/api/v1/runs/job-1/artifacts/plots/a%20b%231.png'
    );
    expect(rest.logUrl('job-1')).toMatch(/artifacts\/output\.log\?root=run$/);
  });

  it('ask for a part of a file by Range and read whole answers too', async () => {
    const { rest, asked } = server(() => new Response('0123456789'));
    const bytes = await rest.file('job-1', 'x', 'run', { offset: 4, limit: 3 });
    expect(asked[0]?.init.headers).toEqual({ Range: 'bytes=4-6' });
    expect(new TextDecoder().decode(bytes ?? new Uint8Array())).toBe('456');
  });

  it('say in their body what a retry changes', async () => {
    const { rest, asked } = server(() => json({}));
    await rest.retry('job-1', { memory: 2 ** 34 });
    expect(asked[0]?.init).toMatchObject({ method: 'POST', body: '{"memory":17179869184}' });
  });
});

describe('errors', () => {
  it('carry the code, the message and the hint of the server', async () => {
    const body = { error: { code: 'not_ended', message: 'job-1 is running.', hint: 'Cancel it first.' } };
    const { rest } = server(() => json(body, 409));
    const error = await rest.deleteJob('job-1').catch((reason: unknown) => reason as ApiError);
    expect(error).toMatchObject({
      status: 409,
      code: 'not_ended',
      message: 'job-1 is running.',
      hint: 'Cancel it first.'
    });
  });

  it('that are no JSON still say the status', async () => {
    const { rest } = server(() => new Response('<html>', { status: 502, statusText: 'Bad Gateway' }));
    await expect(rest.health()).rejects.toThrow('502 Bad Gateway');
  });

  it('tell an unreachable server from one that says no', async () => {
    const rest = new Rest('http://host/', () => Promise.reject(new TypeError('failed to fetch')));
    await expect(rest.health()).rejects.toMatchObject({ status: 0, code: 'server_unreachable' });
  });

  it('are none for a file that is not there or has nothing more', async () => {
    const gone = server(() => json({ error: { code: 'not_found', message: '', hint: '' } }, 404));
    const end = server(() => json({ error: { code: 'range_not_satisfiable', message: '', hint: '' } }, 400));
    expect(await gone.rest.file('job-1', 'x', 'run')).toBeNull();
    expect(await end.rest.file('job-1', 'x', 'run')).toBeNull();
  });
});

describe('the clock', () => {
  it("follows the server's Date when it is seconds away", async () => {
    const date = new Date(Date.now() + 90_000).toUTCString();
    const { rest } = server(() => new Response('{}', { headers: { Date: date } }));
    await rest.health();
    expect(rest.skew).toBeGreaterThan(85_000);
  });
});
