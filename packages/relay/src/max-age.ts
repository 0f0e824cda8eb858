import type { Route } from "@flotilla/contracts";

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 60 * 60_000,
  d: 24 * 60 * 60_000,
};

/** Age in milliseconds above which a route skips messages; Infinity without a limit. */
export function maxAgeMs({ maxAge }: Pick<Route, "maxAge">): number {
  if (maxAge === undefined) return Number.POSITIVE_INFINITY;
  return Number(maxAge.slice(0, -1)) * (UNIT_MS[maxAge.slice(-1)] ?? Number.POSITIVE_INFINITY);
}
