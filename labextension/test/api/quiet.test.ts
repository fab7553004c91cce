import { describe, expect, it } from 'vitest';

import { quiet } from '../../src/api/quiet';

function tab() {
  let tell: () => void = () => undefined;
  const shown = new Promise<void>(resolve => (tell = resolve));
  const sight = { isHidden: true, whenShown: () => shown };
  const asked: string[] = [];
  const send = quiet((url, init) => {
    asked.push(`${init.method} ${url}`);
    return Promise.resolve(new Response('said'));
  }, sight);
  const show = () => {
    sight.isHidden = false;
    tell();
  };
  return { send, asked, show };
}

describe('a hidden tab', () => {
  it('reads once it is shown, and once for all who wish the same', async () => {
    const { send, asked, show } = tab();
    const answers = [send('runs', { method: 'GET' }), send('runs', { method: 'GET' }), send('jobs', { method: 'GET' })];
    await Promise.resolve();
    expect(asked).toEqual([]);
    show();
    const texts = await Promise.all(answers.map(async answer => (await answer).text()));
    expect(texts).toEqual(['said', 'said', 'said']);
    expect(asked).toEqual(['GET runs', 'GET jobs']);
    await send('runs', { method: 'GET' });
    expect(asked).toHaveLength(3);
  });

  it('tells parts of a file apart and sends what changes something', async () => {
    const { send, asked, show } = tab();
    const parts = ['0-9', '10-19'].map(range => send('log', { method: 'GET', headers: { Range: range } }));
    await send('jobs/job-1/cancel', { method: 'POST' });
    expect(asked).toEqual(['POST jobs/job-1/cancel']);
    show();
    await Promise.all(parts);
    expect(asked).toHaveLength(3);
  });
});
