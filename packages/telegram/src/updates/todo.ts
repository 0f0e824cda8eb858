import { ACCOUNT } from "../wire/box.ts";

/** The account's position is void and must be read again. Precedes every other request. */
export const RESET = "reset";
/** Whether the account's position is ahead of the server's. */
export const CHECK = "check";
/** Requests about the account itself. */
const OWN: ReadonlySet<string> = new Set([ACCOUNT, RESET, CHECK]);
const LOOK = "look:";

/** Key of "look up the position of this channel". */
export function lookKey(channel: string): string {
  return LOOK + channel;
}

/** The channel of such a key, or null. */
export function lookedAt(key: string): string | null {
  return key.startsWith(LOOK) ? key.slice(LOOK.length) : null;
}

/**
 * The requests to make, by box or key, and when to repeat them after a failure. Times are monotonic
 * milliseconds.
 */
export class Todo {
  readonly #retryMs: readonly number[];
  readonly #keys = new Set<string>();
  readonly #failed = new Map<string, { readonly tries: number; readonly at: number }>();
  readonly #rests = new Map<string, number>();
  /** Requests under way; `#again` has those that were added again meanwhile. */
  readonly #begun = new Set<string>();
  readonly #again = new Set<string>();
  #allRestUntil = 0;

  constructor(retryMs: readonly number[]) {
    this.#retryMs = retryMs;
  }

  /** The boxes whose difference must be requested (and keys, which are not boxes). */
  get boxes(): ReadonlySet<string> {
    return this.#keys;
  }

  /** Whether a difference or lookup of this box is to come. */
  isAsking(box: string): boolean {
    return this.#keys.has(box) || this.#keys.has(lookKey(box));
  }

  /** Number of consecutive failures. */
  tries(key: string): number {
    return this.#failed.get(key)?.tries ?? 0;
  }

  add(keys: Iterable<string>): void {
    for (const key of keys) {
      this.#keys.add(key);
      if (this.#begun.has(key)) this.#again.add(key);
    }
  }

  /**
   * These requests run until {@link end}. One that is added again meanwhile stays on the list after
   * it.
   */
  begin(keys: Iterable<string>): void {
    for (const key of keys) this.#begun.add(key);
  }

  end(keys: Iterable<string>): void {
    for (const key of keys) {
      this.#begun.delete(key);
      this.#again.delete(key);
    }
  }

  /** The next request that may start now: the account before its channels. Null without one. */
  due(now: number, mayAsk: (key: string) => boolean = () => true): string | null {
    const isDue = (key: string): boolean =>
      this.#keys.has(key) && !this.#begun.has(key) && this.#at(key) <= now && mayAsk(key);
    // Only one request for the account's position at a time.
    if (this.#begun.values().some((key) => OWN.has(key)))
      return this.#keys.values().find((key) => !OWN.has(key) && isDue(key)) ?? null;
    if (this.#keys.has(RESET)) return isDue(RESET) ? RESET : null;
    if (isDue(ACCOUNT)) return ACCOUNT;
    return this.#keys.values().find(isDue) ?? null;
  }

  /** Channels to look up now, without an earlier failure. */
  dueLooks(now: number, limit: number): string[] {
    const isFree = (key: string): boolean =>
      !this.#failed.has(key) && !this.#begun.has(key) && this.#at(key) <= now;
    const due = [...this.#keys].filter((key) => lookedAt(key) !== null && isFree(key));
    return due.slice(0, limit);
  }

  done(key: string): void {
    if (!this.#again.delete(key)) this.#keys.delete(key);
    this.#failed.delete(key);
  }

  /** The request succeeded, and more is to come. */
  worked(key: string): void {
    this.#failed.delete(key);
  }

  /** Not before this time, for any reason. Outlasts {@link done}. */
  rest(key: string, until: number): void {
    this.#rests.set(key, until);
  }

  /** The server is in trouble: no request before this time. */
  restAll(until: number): void {
    this.#allRestUntil = until;
  }

  /** Forgets expired rests. */
  tidy(now: number): void {
    for (const [key, until] of this.#rests) if (until <= now) this.#rests.delete(key);
  }

  /** The request failed: repeat it after `waitMs`, or after a growing pause. */
  failed(key: string, now: number, waitMs: number | null): void {
    const tries = (this.#failed.get(key)?.tries ?? 0) + 1;
    const pause = this.#retryMs[Math.min(tries, this.#retryMs.length) - 1] ?? 0;
    this.#failed.set(key, { tries, at: now + Math.max(pause, waitMs ?? 0) });
  }

  /** Time of the next possible request, or Infinity. */
  nextAt(): number {
    // All others wait for it, as in `due`.
    if (this.#keys.has(RESET)) return this.#at(RESET);
    return Math.min(Number.POSITIVE_INFINITY, ...[...this.#keys].map((key) => this.#at(key)));
  }

  #at(key: string): number {
    return Math.max(this.#failed.get(key)?.at ?? 0, this.#rests.get(key) ?? 0, this.#allRestUntil);
  }

  clear(): void {
    this.#keys.clear();
    this.#begun.clear();
    this.#again.clear();
    this.#allRestUntil = 0;
    this.#failed.clear();
    this.#rests.clear();
  }
}
