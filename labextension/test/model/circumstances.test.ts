import { describe, expect, it } from 'vitest';

import { attemptOf, fieldsIn, gitOf, kindOf, machineOf, packagesOf } from '../../src/model/circumstances';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('the record of an attempt', () => {
  it('says when, where and how it ended', () => {
    const record = {
      started_at: '2026-11-22T09:30:00Z',
      runner: { pid: 1, host: 'box' },
      gpus: ['GPU-1'],
      exit: {
        status: 'failed',
        reason: { code: 'out_of_memory', message: 'too much' },
        finished_at: '2026-11-22T09:31:00Z'
      }
    };
    expect(attemptOf(2, record)).toMatchObject({
      number: 2,
      host: 'box',
      status: 'failed',
      gpus: ['GPU-1'],
      exitCode: null
    });
    expect(attemptOf(2, record).reason?.code).toBe('out_of_memory');
  });

  it('may be any text at all', () => {
    for (const text of ['', '[]', 'null', '{', '{"exit": 3, "gpus": {}, "runner": []}']) {
      expect(attemptOf(1, fieldsIn(bytes(text)))).toMatchObject({ status: null, reason: null, host: '', gpus: [] });
    }
    expect(fieldsIn(null)).toEqual({});
  });
});

describe('the facts of a run', () => {
  it('have git as either of two formats writes it', () => {
    expect(gitOf({ git_info: { commit: 'abc', branch: 'main', dirty: true, remote_url: 'git@x' } })).toEqual({
      commit: 'abc',
      branch: 'main',
      dirty: true,
      remote: 'git@x'
    });
    expect(gitOf({ git: { commit: 'abc', remote: 'r' } })).toEqual({
      commit: 'abc',
      branch: '',
      dirty: false,
      remote: 'r'
    });
    expect(gitOf({ git_info: null })).toBeNull();
  });

  it('have the machine as far as it was noted', () => {
    const meta = { host: 'box', python: '3.12', argv: ['train.py', '--lr', '1'], gpus: [{ name: 'H100' }, 'T4', {}] };
    expect(machineOf(meta)).toEqual({
      host: 'box',
      python: '3.12',
      executable: '',
      command: 'train.py --lr 1',
      folder: '',
      gpus: 'H100, T4'
    });
  });

  it('have packages that can be searched', () => {
    const text = '# made by pip\ntorch==2.9\n\nnumpy==2.3\n';
    expect(packagesOf(text)).toEqual(['torch==2.9', 'numpy==2.3']);
    expect(packagesOf(text, 'NUM')).toEqual(['numpy==2.3']);
  });
});

it('the lines of a diff are told apart', () => {
  const lines = ['diff --git a/x b/x', '--- a/x', '+++ b/x', '@@ -1 +1 @@', '-old', '+new', ' same', ''];
  expect(lines.map(kindOf)).toEqual(['file', 'file', 'file', 'place', 'removed', 'added', 'same', 'same']);
});
