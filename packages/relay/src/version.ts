/** Most milliseconds that the clocks of hosts may differ: by seconds, never by a day. */
const AHEAD_MS = 24 * 3_600_000;
/** Milliseconds that a reader may take to learn of a change. */
const BEHIND_MS = 60_000;

/**
 * The highest valid version of routes now. A version is the time of the change, in milliseconds
 * since the epoch; a higher one was forged to block later changes, and is ignored.
 */
export function latestRouteVersion(now: number): number {
  return now + AHEAD_MS;
}

/**
 * Whether a reader works by other routes than the bot's: at once when its version is ahead, after a
 * minute when it is behind.
 */
export function worksByOthers(bot: number, reader: number, now: number): boolean {
  return reader > bot || (reader < bot && now - bot > BEHIND_MS);
}
