/** Send limits of one account (docs/safety.md). */
export interface SendRate {
  readonly perMinute: number;
  readonly burst: number;
  /** Milliseconds between two messages to one chat. */
  readonly perChatMs: number;
  /** Messages per minute to one group or channel. */
  readonly perChatMinute: number;
}

/** The limits that docs/safety.md promises. */
export const SEND_RATE: SendRate = { perMinute: 20, burst: 5, perChatMs: 1000, perChatMinute: 20 };
