/** Source of time. Code that measures or waits takes a clock, so that a test can set the time. */
export interface Clock {
  /** Wall-clock time in milliseconds since the Unix epoch. May jump. */
  now(): number;
  /** Monotonic milliseconds from an arbitrary origin. Never goes back; use it for deadlines. */
  monotonicMs(): number;
}

/** Reads the clocks of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
};
