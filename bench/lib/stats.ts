/** Value below which `share` of the sorted values lie; NaN when there are none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** The middle value: one slow round on a busy machine does not move it. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Four digits are more than any of these measurements is worth. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
