import { ACCOUNT } from "./model.ts";

/** The account's position is void: it is learned anew. Comes before everything else. */
export const RESET = "reset";
/** Whether the account's position is beyond the server's. */
export const CHECK = "check";
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
  readonly #rests = new Map<string, number>();

  constructor(retryMs: readonly number[]) {
    this.#retryMs = retryMs;
  }

  /** The boxes whose difference is to be asked (and keys, which are no boxes). */
  get boxes(): ReadonlySet<string> {
    return this.#keys;
  }

  /** Whether this box is going to be asked, or where it stands. */
  isAsking(box: string): boolean {
    return this.#keys.has(box) || this.#keys.has(lookKey(box));
  }

  /** How often this failed in a row. */
  tries(key: string): number {
    return this.#failed.get(key)?.tries ?? 0;
  }

  add(keys: Iterable<string>): void {
    for (const key of keys) this.#keys.add(key);
  }

  /** What may be asked now: the account before its channels. Null when there is nothing. */
  due(now: number): string | null {
    const isDue = (key: string): boolean => this.#keys.has(key) && this.#at(key) <= now;
    if (this.#keys.has(RESET)) return isDue(RESET) ? RESET : null;
    if (isDue(ACCOUNT)) return ACCOUNT;
    return this.#keys.values().find(isDue) ?? null;
  }

  /** Channels to be looked up now, which did not fail before. */
  dueLooks(now: number, limit: number): string[] {
    const due = [...this.#keys].filter((key) => lookedAt(key) !== null && !this.#failed.has(key) && this.#at(key) <= now);
    return due.slice(0, limit);
  }

  done(key: string): void {
    this.#keys.delete(key);
    this.#failed.delete(key);
  }

  /** It worked, and there is more. */
  worked(key: string): void {
    this.#failed.delete(key);
  }

  /** Not before this time, whoever wants it. Lasts beyond {@link done}. */
  rest(key: string, until: number): void {
    this.#rests.set(key, until);
  }

  /** Forgets the rests that are over. */
  tidy(now: number): void {
    for (const [key, until] of this.#rests) if (until <= now) this.#rests.delete(key);
  }

  /** It did not work: again after `waitMs`, or after a pause that grows. */
  failed(key: string, now: number, waitMs: number | null): void {
    const tries = (this.#failed.get(key)?.tries ?? 0) + 1;
    const pause = this.#retryMs[Math.min(tries, this.#retryMs.length) - 1] ?? 0;
    this.#failed.set(key, { tries, at: now + Math.max(pause, waitMs ?? 0) });
  }

  /** When the next one may be asked, or Infinity. */
  nextAt(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...[...this.#keys].map((key) => this.#at(key)));
  }

  #at(key: string): number {
    return Math.max(this.#failed.get(key)?.at ?? 0, this.#rests.get(key) ?? 0);
  }

  clear(): void {
    this.#keys.clear();
    this.#failed.clear();
    this.#rests.clear();
  }
}
