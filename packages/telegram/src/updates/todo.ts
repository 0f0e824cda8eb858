import { ACCOUNT } from "./model.ts";

/** The account's position is void: it is learned anew. Comes before everything else. */
export const RESET = "reset";
const LOOK = "look:";

/** Key of "find out where this channel stands". */
export function lookKey(channel: string): string {
  return LOOK + channel;
}

/** The channel of such a key, or null. */
export function lookedAt(key: string): string | null {
  return key.startsWith(LOOK) ? key.slice(LOOK.length) : null;
}

/** What has to be asked, by box or key, and when again after it failed. Times are monotonic milliseconds. */
export class Todo {
  readonly #retryMs: readonly number[];
  readonly #keys = new Set<string>();
  readonly #failed = new Map<string, { readonly tries: number; readonly at: number }>();

  constructor(retryMs: readonly number[]) {
    this.#retryMs = retryMs;
  }

  /** The boxes whose difference is to be asked (and keys, which are no boxes). */
  get boxes(): ReadonlySet<string> {
    return this.#keys;
  }

  add(keys: Iterable<string>): void {
    for (const key of keys) this.#keys.add(key);
  }

  /** What may be asked now: the account before its channels. Null when there is nothing. */
  due(now: number): string | null {
    const isDue = (key: string): boolean => this.#keys.has(key) && (this.#failed.get(key)?.at ?? 0) <= now;
    if (this.#keys.has(RESET)) return isDue(RESET) ? RESET : null;
    if (isDue(ACCOUNT)) return ACCOUNT;
    return this.#keys.values().find(isDue) ?? null;
  }

  done(key: string): void {
    this.#keys.delete(key);
    this.#failed.delete(key);
  }

  /** It did not work: again after `waitMs`, or after a pause that grows. */
  failed(key: string, now: number, waitMs: number | null): void {
    const tries = (this.#failed.get(key)?.tries ?? 0) + 1;
    const pause = this.#retryMs[Math.min(tries, this.#retryMs.length) - 1] ?? 0;
    this.#failed.set(key, { tries, at: now + Math.max(pause, waitMs ?? 0) });
  }

  /** When the next one may be asked, or Infinity. */
  nextAt(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...[...this.#keys].map((key) => this.#failed.get(key)?.at ?? 0));
  }

  clear(): void {
    this.#keys.clear();
    this.#failed.clear();
  }
}
