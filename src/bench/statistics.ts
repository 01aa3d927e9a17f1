// What the figures are made of: every figure is a median, so that a round which other work on the
// machine disturbed does not count, and a ratio is the median of the rounds' own ratios.

/** The middle value; of an even number, the mean of the two in the middle. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = ascending(values);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/**
 * The smallest value that at least `percent` of a hundred values do not exceed (nearest rank):
 * always one that was seen. NaN of none; `percent` is more than 0 and at most 100.
 */
export function percentile(values: readonly number[], percent: number): number {
  if (!(percent > 0 && percent <= 100)) throw new RangeError(`percentile ${percent}`);
  const sorted = ascending(values);
  return sorted[Math.ceil((percent / 100) * sorted.length) - 1] ?? Number.NaN;
}

/** The median of a round's `ours` by the same round's `theirs`; rounds that lack either are out. */
export function medianRatio(ours: readonly number[], theirs: readonly number[]): number {
  const both = ours.slice(0, theirs.length).map((value, round) => value / theirs[round]!);
  return median(both.filter((ratio) => Number.isFinite(ratio)));
}

const ascending = (values: readonly number[]): number[] => {
  if (values.length === 0) return [Number.NaN];
  return [...values].sort((a, b) => a - b);
};
