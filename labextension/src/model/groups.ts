/** Which metrics belong in one chart, and which way each is better. */

export interface Group {
  readonly title: string;
  readonly keys: readonly string[];
}

const SPLIT = '(?:train|training|val|valid|validation|dev|test|eval)';
const BEFORE = new RegExp(`^${SPLIT}[/_.\\- ]`, 'i');
const AFTER = new RegExp(`[/_.\\- ]${SPLIT}$`, 'i');
const LESS = /(^|[^a-z])(loss|nll|err|error|mse|rmse|mae|mape|ppl|perplexity|wer|cer|fid|kl|brier)([^a-z]|$)/i;
const MORE =
  /(^|[^a-z])(acc|accuracy|auc|auroc|f1|iou|miou|map|ap|precision|recall|score|reward|return|bleu|rouge|r2|psnr|ssim|dice|top1|top5)([^a-z]|$)/i;

/** Return the groups: what training is about first, then as given; in a group training before validation before test. */
export function group(keys: readonly string[]): Group[] {
  const found = new Map<string, string[]>();
  for (const key of keys) {
    const title = key.replace(BEFORE, '').replace(AFTER, '') || key;
    found.set(title, [...(found.get(title) ?? []), key]);
  }
  const groups = [...found].map(([title, members]) => ({
    title: members.length > 1 ? title : (members[0] ?? title),
    keys: sortedBy(members, splitRank)
  }));
  return sortedBy(groups, ({ title }) => (LESS.test(title) ? 0 : MORE.test(title) ? 1 : 2));
}

function splitRank(key: string): number {
  const split = (BEFORE.exec(key) ?? AFTER.exec(key))?.[0] ?? '';
  return split === '' ? 0 : /train/i.test(split) ? 1 : /val|dev/i.test(split) ? 2 : 3;
}

/** A copy in the order of the rank; equal ones stay as they were. */
function sortedBy<T>(values: readonly T[], rank: (value: T) => number): T[] {
  return [...values].sort((a, b) => rank(a) - rank(b));
}

/** What tells a key apart within its group: `train` and `val` of `loss`; a key alone keeps its name. */
export function shortLabel(key: string, title: string): string {
  if (key === title) {
    return key;
  }
  const rest = key.replace(title, '').replace(/^[/_.\- ]+|[/_.\- ]+$/g, '');
  return rest || key;
}

/** Whether less or more of a metric is better; null when its name does not say. */
export function goal(key: string): 'min' | 'max' | null {
  return LESS.test(key) ? 'min' : MORE.test(key) ? 'max' : null;
}

/** Index of the best value by the goal; null when nothing can be compared. */
export function best(values: readonly (number | null)[], towards: 'min' | 'max' | null): number | null {
  let found: number | null = null;
  values.forEach((value, index) => {
    const leader = found === null ? null : (values[found] ?? null);
    if (
      value !== null &&
      Number.isFinite(value) &&
      (leader === null || (towards === 'max' ? value > leader : value < leader))
    ) {
      found = index;
    }
  });
  return towards === null || values.length < 2 ? null : found;
}
