/** How much an account may send (docs/safety.md). */
export interface SendRate {
  readonly perMinute: number;
  readonly burst: number;
  /** Between two messages into one chat, in milliseconds. */
  readonly perChatMs: number;
  /** Messages a minute into one group or channel. */
  readonly perChatMinute: number;
}

/** Promise of docs/safety.md. */
export const SEND_RATE: SendRate = { perMinute: 20, burst: 5, perChatMs: 1000, perChatMinute: 20 };
