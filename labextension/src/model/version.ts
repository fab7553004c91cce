/** The version of this page, the same as that of the package. */
export const VERSION = '0.1.0';

/** Whether a page of one version is older (-1) or newer (1) than a server of another; 0 where that cannot be said. */
export function compared(page: string, server: string): -1 | 0 | 1 {
  const [ours, theirs] = [page, server].map(text => text.split(/[.+-]/).slice(0, 3).map(Number));
  for (let index = 0; index < 3; index++) {
    const by = (ours?.[index] ?? 0) - (theirs?.[index] ?? 0);
    if (by !== 0 && !Number.isNaN(by)) {
      return by < 0 ? -1 : 1;
    }
  }
  return 0;
}
