/** Clocks of hosts differ by seconds, not by a day. */
const AHEAD_MS = 24 * 3_600_000;
/** So long a reader may take to hear of a change. */
const BEHIND_MS = 60_000;

/**
 * The highest version that routes can have now: a version is the time of the change, in milliseconds since the epoch. A higher one was written by
 * an attempt to keep later changes out, and is ignored.
 */
export function latestRouteVersion(now: number): number {
  return now + AHEAD_MS;
}

/** Since when a reader works by other routes than the bot's: `ahead` of them it is at once wrong, behind them after a minute. */
export function worksByOthers(bot: number, reader: number, now: number): boolean {
  return reader > bot || (reader < bot && now - bot > BEHIND_MS);
}
