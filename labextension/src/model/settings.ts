/** Settings of runs as flat names, and where they differ. */

export type Setting = readonly [name: string, value: unknown];

/** Nested settings as `outer.inner`; those without a value are left out. */
export function flat(values: object, prefix = ''): Setting[] {
  return Object.entries(values).flatMap(([key, value]: [string, unknown]) => {
    if (value === undefined || value === null) {
      return [];
    }
    const name = prefix + key;
    const nested = typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length > 0;
    return nested ? flat(value, `${name}.`) : [[name, value] as const];
  });
}

/** A value as it was given: nothing is rounded. */
export function exact(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The settings that are not the same in all; empty text where one has none. */
export function differing(configs: readonly object[]): { key: string; values: string[] }[] {
  const all = configs.map(config => new Map(flat(config)));
  const keys = [...new Set(all.flatMap(config => [...config.keys()]))];
  return keys
    .map(key => ({ key, values: all.map(config => (config.has(key) ? exact(config.get(key)) : '')) }))
    .filter(({ values }) => new Set(values).size > 1);
}
