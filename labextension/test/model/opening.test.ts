import { expect, it } from 'vitest';

import { viewedAs } from '../../src/model/opening';

it('files that JupyterLab has a viewer for have a name there', () => {
  expect(viewedAs('job-1', 'artifacts', 'tables/best.CSV')).toBe('Trackside:job-1/artifacts/tables/best.CSV');
  expect(viewedAs('job-1', 'run', 'source/cell.py')).toBe('Trackside:job-1/run/source/cell.py');
  expect(viewedAs('job-1', 'artifacts', 'model.pt')).toBeNull();
  expect(viewedAs('job-1', 'artifacts', 'py')).toBeNull();
});
