import type { SendRate } from "@flotilla/contracts";
import type { FloodWait, SendStop } from "@flotilla/session-store";

/** So many waits within {@link HALVE_WINDOW_MS} halve the rate for {@link HALVED_MS}. */
const HALVE_AFTER = 3;
const HALVE_WINDOW_MS = 60 * 60_000;
const HALVED_MS = 24 * 60 * 60_000;

/** What the account may send now, and what is in the way. Times are milliseconds since the Unix epoch. */
export interface FloodStatus {
  readonly waits: readonly FloodWait[];
  readonly perMinute: number;
  /** Messages that may go out at once. */
  readonly tokens: number;
  readonly halvedUntil: number | null;
  readonly stopped: SendStop | null;
}

/** Until when the rate is halved, from the times of the waits that were asked for (oldest first); 0 = it is not. Pure. */
export function halvedUntil(notes: readonly number[]): number {
  return notes.reduce((until, at, index) => {
    const first = notes[index - (HALVE_AFTER - 1)];
    return first !== undefined && at - first <= HALVE_WINDOW_MS ? at + HALVED_MS : until;
  }, 0);
}

/** Tokens that come back with time. Times are monotonic milliseconds. */
export class TokenBucket {
  #tokens: number;
  #at: number;

  /** Starts with one token and not full: a restart must not be a way to send more. */
  constructor(now: number) {
    this.#tokens = 1;
    this.#at = now;
  }

  /** Tokens there are now. */
  level(now: number, perMinute: number, burst: number): number {
    const grown = ((now - this.#at) / 60_000) * perMinute;
    this.#tokens = Math.min(burst, this.#tokens + Math.max(0, grown));
    this.#at = now;
    return this.#tokens;
  }

  /** Milliseconds until there is one; 0 = take it. */
  waitMs(now: number, perMinute: number, burst: number): number {
    const missing = 1 - this.level(now, perMinute, burst);
    return missing <= 0 ? 0 : Math.ceil((missing / perMinute) * 60_000);
  }

  take(): void {
    this.#tokens -= 1;
  }
}

/** When messages went into one chat. Times are monotonic milliseconds. */
export class ChatPace {
  readonly #sent = new Map<string, number[]>();

  /** Milliseconds until the next one may go there. */
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
