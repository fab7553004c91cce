/** Exponential smoothing that starts unbiased; gaps pass through. */
import type { Points } from './decimate';

/** Return the curve smoothed by `weight` (0: as it is, towards 1: ever slower). */
export function smooth(points: Points, weight: number): Points {
  if (weight <= 0) {
    return points;
  }
  const y = new Float64Array(points.length);
  let [sum, norm] = [0, 0];
  for (let index = 0; index < points.length; index++) {
    const value = points.y[index] ?? Number.NaN;
    if (Number.isNaN(value)) {
      y[index] = Number.NaN;
      continue;
    }
    sum = sum * weight + value * (1 - weight);
    norm = norm * weight + (1 - weight);
    y[index] = sum / norm;
  }
  return { x: points.x, y, length: points.length };
}
