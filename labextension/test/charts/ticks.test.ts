import { expect, it } from 'vitest';

import { axisNumbers } from '../../src/charts/ticks';

it('writes neighbours so that they differ and none is rounded', () => {
  expect(axisNumbers([1.75, 2, 2.25, 2.5])).toEqual(['1.75', '2.00', '2.25', '2.50']);
  expect(axisNumbers([0, 50, 100])).toEqual(['0', '50', '100']);
  expect(axisNumbers([0.0098, 0.0099, 0.01])).toEqual(['0.0098', '0.0099', '0.0100']);
});

it('turns to powers for the very large and the very small', () => {
  expect(axisNumbers([0, 2e5, 4e5])).toEqual(['0', '2e5', '4e5']);
  expect(axisNumbers([0, 0.00025, 0.0005])).toEqual(['0', '2.5e-4', '5e-4']);
  expect(axisNumbers([0.00975, 0.01])).toEqual(['9.75e-3', '1e-2']);
});
