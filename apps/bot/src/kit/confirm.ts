/** How long a confirmation is good for, in milliseconds. */
export const CONFIRM_MS = 30_000;

/** The time of asking as a button carries it: seconds in base 36. */
export function stampOf(now: number): string {
  return Math.floor(now / 1000).toString(36);
}

/** True when the answer comes too late, or carries no time. */
export function isTooLate(stamp: string, now: number): boolean {
  const askedAtS = Number.parseInt(stamp, 36);
  return !(now / 1000 - askedAtS <= CONFIRM_MS / 1000);
}
