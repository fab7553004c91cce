/** Words on the axes. */

/** Numbers in as few digits as tell neighbours apart. */
export function axisNumbers(splits: readonly (number | null)[]): string[] {
  const values = splits.filter((value): value is number => value !== null);
  const gap = values.length > 1 ? Math.abs((values[1] ?? 0) - (values[0] ?? 0)) : 1;
  const most = Math.max(...values.map(Math.abs), 0);
  return splits.map(value => (value === null ? '' : axisNumber(value, gap, most)));
}

function axisNumber(value: number, gap: number, most: number): string {
  if (value === 0) {
    return '0';
  }
  if (most >= 1e5 || most < 1e-3 || decimals(gap) > 4) {
    const [mantissa = '', power = ''] = value.toExponential(2).split('e');
    return `${Number(mantissa)}e${Number(power)}`;
  }
  return value.toFixed(decimals(gap));
}

/** As many as the distance between neighbours needs: 2 for 0.25. */
function decimals(gap: number): number {
  for (let places = 0; places < 5; places++) {
    const scaled = gap * 10 ** places;
    if (scaled > 0.5 && Math.abs(scaled - Math.round(scaled)) < 1e-6) {
      return places;
    }
  }
  return 5;
}

/** Times of day; the date where a day begins. */
export function timeValues(_plot: unknown, splits: readonly (number | null)[]): string[] {
  const span = (splits[splits.length - 1] ?? 0) - (splits[0] ?? 0);
  return splits.map(split => (split === null ? '' : timeValue(new Date(split * 1000), span)));
}

function timeValue(at: Date, span: number): string {
  if (at.getHours() + at.getMinutes() + at.getSeconds() === 0) {
    return at.toLocaleDateString(undefined, { day: 'numeric', month: 'short' });
  }
  const two = (value: number) => String(value).padStart(2, '0');
  const minute = `${two(at.getHours())}:${two(at.getMinutes())}`;
  return span < 300 ? `${minute}:${two(at.getSeconds())}` : minute;
}
