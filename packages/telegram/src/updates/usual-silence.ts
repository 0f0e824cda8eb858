/** A stretch without messages: its start (milliseconds since the Unix epoch) and its length. */
interface PastSilence {
  readonly from: number;
  readonly ms: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/**
 * Silences that begin within this many milliseconds of the same hour are of one kind: a chat falls
 * silent at about the same time each day.
 */
const SAME_HOUR_MS = 2 * HOUR_MS;
/** A silence may last a quarter longer than the longest one, and at least an hour longer. */
const LONGER = 1.25;
const LONGER_MIN_MS = HOUR_MS;

/**
 * Milliseconds that a silence from `from` on may last before it is unusual for this chat: longer
 * than any known one that began at about the same hour on the same part of the week (Monday to
 * Thursday, or Friday to Sunday, in UTC). 0 without one. Pure.
 */
export function usualSilenceMs(known: readonly PastSilence[], from: number): number {
  const alike = known.filter(
    (silence) => isNear(silence.from, from) && isWeekend(silence.from) === isWeekend(from),
  );
  const longest = Math.max(0, ...alike.map(({ ms }) => ms));
  if (longest === 0) return 0;
  return Math.max(longest * LONGER, longest + LONGER_MIN_MS);
}

function isNear(a: number, b: number): boolean {
  const apart = Math.abs(a - b) % DAY_MS;
  return Math.min(apart, DAY_MS - apart) <= SAME_HOUR_MS;
}

function isWeekend(at: number): boolean {
  return [5, 6, 0].includes(new Date(at).getUTCDay());
}
