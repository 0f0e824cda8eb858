import { ACCOUNT } from "../wire/box.ts";

/** The account's position is void: it is learned anew. Comes before everything else. */
export const RESET = "reset";
/** Whether the account's position is beyond the server's. */
export const CHECK = "check";
/** Questions about the account itself. */
const OWN: ReadonlySet<string> = new Set([ACCOUNT, RESET, CHECK]);
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
  /** Under way; and those of them that were wanted again meanwhile. */
  readonly #begun = new Set<string>();
  readonly #again = new Set<string>();
  #allRestUntil = 0;

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
    for (const key of keys) {
      this.#keys.add(key);
      if (this.#begun.has(key)) this.#again.add(key);
    }
  }

  /** These are being asked, until {@link end}. What is wanted again meanwhile stays on the list when they are done. */
  begin(keys: Iterable<string>): void {
    for (const key of keys) this.#begun.add(key);
  }

  end(keys: Iterable<string>): void {
    for (const key of keys) {
      this.#begun.delete(key);
      this.#again.delete(key);
    }
  }

  /** What may be asked now, and is not being asked: the account before its channels. Null when there is nothing. */
  due(now: number, mayAsk: (key: string) => boolean = () => true): string | null {
    const isDue = (key: string): boolean => this.#keys.has(key) && !this.#begun.has(key) && this.#at(key) <= now && mayAsk(key);
    // A position is not learned twice at a time.
    if (this.#begun.values().some((key) => OWN.has(key)))
      return this.#keys.values().find((key) => !OWN.has(key) && isDue(key)) ?? null;
    if (this.#keys.has(RESET)) return isDue(RESET) ? RESET : null;
    if (isDue(ACCOUNT)) return ACCOUNT;
    return this.#keys.values().find(isDue) ?? null;
  }

  /** Channels to be looked up now, which did not fail before. */
  dueLooks(now: number, limit: number): string[] {
    const isFree = (key: string): boolean => !this.#failed.has(key) && !this.#begun.has(key) && this.#at(key) <= now;
    const due = [...this.#keys].filter((key) => lookedAt(key) !== null && isFree(key));
    return due.slice(0, limit);
  }

  done(key: string): void {
    if (!this.#again.delete(key)) this.#keys.delete(key);
    this.#failed.delete(key);
  }

  /** It worked, and there is more. */
  worked(key: string): void {
    this.#failed.delete(key);
  }

  /** Not before this time, for any reason. Lasts beyond {@link done}. */
  rest(key: string, until: number): void {
    this.#rests.set(key, until);
  }

  /** The server is in trouble: nothing at all is asked before this time. */
  restAll(until: number): void {
    this.#allRestUntil = until;
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
    // All else waits for it, as `due` says.
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
