import type { SendRate } from "@flotilla/contracts";
import type { FloodWait, SendStop } from "@flotilla/session-store";

/** This many flood waits within {@link HALVE_WINDOW_MS} halve the rate for {@link HALVED_MS}. */
const HALVE_AFTER = 3;
const HALVE_WINDOW_MS = 60 * 60_000;
const HALVED_MS = 24 * 60 * 60_000;

/** Send budget and flood waits of the account. Times are milliseconds since the Unix epoch. */
export interface FloodStatus {
  readonly waits: readonly FloodWait[];
  readonly perMinute: number;
  /** Messages that may be sent at once. */
  readonly tokens: number;
  readonly halvedUntil: number | null;
  readonly stopped: SendStop | null;
}

/**
 * End of the halved rate by the times of flood waits (oldest first), in milliseconds since the
 * epoch; 0 = not halved. Pure.
 */
export function halvedUntil(notes: readonly number[]): number {
  return notes.reduce((until, at, index) => {
    const first = notes[index - (HALVE_AFTER - 1)];
    if (first !== undefined && at - first <= HALVE_WINDOW_MS) return at + HALVED_MS;
    return until;
  }, 0);
}

/** Token bucket. Times are monotonic milliseconds. */
export class TokenBucket {
  #tokens: number;
  #at: number;

  /** Starts with one token instead of a full bucket: a restart must not allow more sends. */
  constructor(now: number) {
    this.#tokens = 1;
    this.#at = now;
  }

  /** Tokens available now. */
  level(now: number, perMinute: number, burst: number): number {
    const grown = ((now - this.#at) / 60_000) * perMinute;
    this.#tokens = Math.min(burst, this.#tokens + Math.max(0, grown));
    this.#at = now;
    return this.#tokens;
  }

  /** Milliseconds until a token is available; 0 = now. */
  waitMs(now: number, perMinute: number, burst: number): number {
    const missing = 1 - this.level(now, perMinute, burst);
    return missing <= 0 ? 0 : Math.ceil((missing / perMinute) * 60_000);
  }

  take(): void {
    this.#tokens -= 1;
  }
}

/** Times of messages per chat. Times are monotonic milliseconds. */
export class ChatPace {
  readonly #sent = new Map<string, number[]>();

  /** Milliseconds until the next message to this chat may be sent. */
  waitMs(chat: string, now: number, { perChatMs, perChatMinute }: SendRate): number {
    const times = (this.#sent.get(chat) ?? []).filter((at) => now - at < 60_000);
    if (times.length === 0) this.#sent.delete(chat);
    else this.#sent.set(chat, times);
    const last = times.at(-1);
    if (last === undefined) return 0;
    const first = times[times.length - perChatMinute];
    return Math.max(0, last + perChatMs - now, first === undefined ? 0 : first + 60_000 - now);
  }

  took(chat: string, now: number): void {
    this.#sent.set(chat, [...(this.#sent.get(chat) ?? []), now]);
  }
}
