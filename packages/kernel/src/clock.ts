/**
 * Where the time comes from. Everything that measures or waits takes a clock,
 * so that tests can travel in time without waiting.
 */
export interface Clock {
  /** Wall-clock time in milliseconds since the Unix epoch. May jump. */
  now(): number;
  /** Monotonic milliseconds from an arbitrary origin. Never goes back; use it for deadlines. */
  monotonicMs(): number;
}

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
};
