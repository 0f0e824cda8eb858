/** The quantile `share` of sorted values; NaN for an empty list. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** The median, which one slow round on a busy machine does not change. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Rounds to four significant digits, more than these measurements support. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
