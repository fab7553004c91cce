import { describe, expect, it } from 'vitest';

import type { Rest } from '../../src/api/rest';
import { LogSearch, splitAt } from '../../src/model/search';

const match = (at: number) => ({ at, offset: at - 2, line: `loss ${at}` });
type Page = { matches: ReturnType<typeof match>[]; next: number | null; size: number };

function searchOf(pages: (Page | Error)[]) {
  const asked: object[] = [];
  const searchLog = (_: string, query: object) => {
    asked.push(query);
    const page = pages.shift() as Page | Error;
    return page instanceof Error ? Promise.reject(page) : Promise.resolve(page);
  };
  return { search: new LogSearch('job-1', { searchLog } as Pick<Rest, 'searchLog'>), asked };
}

describe('a search in a log', () => {
  it('begins at the last line, goes up, asks for more where it must, and comes back down', async () => {
    const { search, asked } = searchOf([
      { matches: [match(90), match(70)], next: 70, size: 100 },
      { matches: [match(10)], next: null, size: 100 }
    ]);
    await search.find('loss');
    expect(search.current?.at).toBe(90);
    await search.step(1);
    expect(search.current?.at).toBe(90);
    await search.step(-1);
    await search.step(-1);
    expect(search.current?.at).toBe(10);
    expect(asked).toEqual([
      { text: 'loss', limit: 100, ignore_case: 1 },
      { text: 'loss', limit: 100, ignore_case: 1, before: 70 }
    ]);
    await search.step(-1);
    expect(search.current?.at).toBe(10);
    await search.step(1);
    expect(search.current?.at).toBe(70);
  });

  it('reads on through parts of the log that hold nothing, and says when there is none', async () => {
    const { search } = searchOf([
      { matches: [], next: 50, size: 100 },
      { matches: [], next: null, size: 100 }
    ]);
    await search.find('Error');
    expect(search.state.get()).toMatchObject({ matches: [], at: -1, next: null, busy: false, problem: '' });
  });

  it('keeps what was found when a page cannot be read, and tells why', async () => {
    const { search } = searchOf([{ matches: [match(90)], next: 70, size: 100 }, new Error('The server is away.')]);
    await search.find('loss');
    await search.step(-1);
    expect(search.state.get()).toMatchObject({ at: 0, busy: false, problem: 'The server is away.' });
  });

  it('takes no answer to a text that is not looked for any more', async () => {
    const { search } = searchOf([
      { matches: [match(90)], next: null, size: 100 },
      { matches: [match(30)], next: null, size: 100 }
    ]);
    await Promise.all([search.find('first'), search.find('second')]);
    expect(search.current?.at).toBe(30);
  });
});

it('a found text is cut out, whatever its capitals when it was asked for without', () => {
  expect(splitAt('Loss: loss', 'loss').filter(part => part.hit)).toHaveLength(2);
  expect(splitAt('Loss: loss', 'Loss')).toEqual([
    { text: 'Loss', hit: true },
    { text: ': loss', hit: false }
  ]);
  expect(splitAt('nothing', '')).toEqual([{ text: 'nothing', hit: false }]);
});

describe('a search that is asked for again', () => {
  it('looks anew where nothing was found, or where it failed', async () => {
    const { search } = searchOf([
      { matches: [], next: null, size: 100 },
      new Error('The server does not answer.'),
      { matches: [match(90)], next: null, size: 200 }
    ]);
    await search.find('loss');
    await search.step(-1);
    expect(search.state.get().problem).toBe('The server does not answer.');
    await search.step(-1);
    expect(search.current?.at).toBe(90);
  });

  it('takes the answer to the latest one alone', async () => {
    const { search } = searchOf([
      { matches: [match(90)], next: null, size: 100 },
      { matches: [match(90)], next: null, size: 100 }
    ]);
    await Promise.all([search.find('loss'), search.find('loss')]);
    expect(search.state.get().matches).toHaveLength(1);
  });

  it('marks the right place behind a letter whose small one is longer', () => {
    expect(splitAt('İİ Loss', 'loss')).toEqual([
      { text: 'İİ ', hit: false },
      { text: 'Loss', hit: true }
    ]);
  });
});
