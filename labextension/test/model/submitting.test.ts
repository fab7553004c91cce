import { describe, expect, it } from 'vitest';

import { fieldsOfFile, submitted } from '../../src/model/submitting';

describe('a cell that is submitted with a click', () => {
  it('gets the magic above it, with the options of the settings', () => {
    expect(submitted('x = 1\n', '')).toEqual({ source: '%%submit\nx = 1\n' });
    expect(submitted('x = 1', ' --gpus 1 ')).toEqual({ source: '%%submit --gpus 1\nx = 1' });
  });

  it('stays as it is when it says so itself', () => {
    const own = '%%submit -n mine\nx = 1';
    expect(submitted(own, '--gpus 1')).toEqual({ source: own });
    expect(submitted('\n  %%submit\nx = 1', '--gpus 1')).toEqual({ source: '\n  %%submit\nx = 1' });
  });

  it('is refused when it is empty or belongs to another magic', () => {
    expect(submitted(' \n', '')).toEqual({ magic: '' });
    expect(submitted('%%bash -s\nls', '')).toEqual({ magic: '%%bash' });
    expect(submitted('%%submitted\nls', '')).toEqual({ magic: '%%submitted' });
  });

  it('may begin with a line magic', () => {
    expect(submitted('%time f()', '')).toEqual({ source: '%%submit\n%time f()' });
  });
});

describe('a file that is submitted with a click', () => {
  it('runs in its own folder', () => {
    expect(fieldsOfFile('~/work', 'a b/train.py')).toEqual({
      script: '~/work/a b/train.py',
      name: 'train.py',
      workdir: '~/work/a b'
    });
    expect(fieldsOfFile('/srv/', 'report.ipynb')).toEqual({
      notebook: '/srv/report.ipynb',
      name: 'report.ipynb',
      workdir: '/srv'
    });
    expect(fieldsOfFile('/', 'train.py')).toEqual({ script: '/train.py', name: 'train.py', workdir: '/' });
  });

  it('is a script or a notebook', () => {
    expect(fieldsOfFile('~', 'data.csv')).toBeNull();
    expect(fieldsOfFile('~', 'folder.py/data')).toBeNull();
  });
});
