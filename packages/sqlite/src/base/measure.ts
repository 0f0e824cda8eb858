import { type Clock, systemClock } from "@flotilla/kernel";

/** Distribution of durations in milliseconds. */
export interface DurationStats {
  /** Since the file was opened. */
  readonly count: number;
  /** Of the last 1,000. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  /** Since the file was opened. */
  readonly maxMs: number;
  /**
   * Counts by duration: above the limit of the previous bucket, up to `upToMs`; the last bucket has
   * no limit (Infinity). Since the file was opened.
   */
  readonly histogram: readonly { readonly upToMs: number; readonly count: number }[];
}

/** Lock waits of a recent period. */
export interface RecentWaits {
  readonly p95Ms: number;
  readonly maxMs: number;
  /** Number of waits over 1 s. */
  readonly overSecond: number;
}

/** Totals of one named operation; durations in milliseconds. */
export interface OperationStats {
  readonly count: number;
  readonly totalMs: number;
  readonly maxMs: number;
}

/** A transaction over the limits of {@link Meter.listen}. */
export interface SlowOperation {
  /** "hold" = the transaction held the lock. "wait" = it waited for the lock. */
  readonly kind: "hold" | "wait";
  readonly name: string;
  readonly tookMs: number;
}

const BUCKETS_MS = [
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  5,
  10,
  25,
  50,
  100,
  250,
  500,
  1000,
  2500,
  5000,
  10_000,
  30_000,
  60_000,
  Infinity,
];
const RECENT = 1000;
const MAX_NAMES = 100;
const LONG_HOLD_MS = 1000;
const LONG_WAIT_MS = 10_000;
const LONG_P95_MS = 1000;

/**
 * Whether lock waits are too long: one in twenty over 1 s (S3-20). With so few waits that this
 * means a single one, that one must exceed 10 s.
 */
export function areLong({ p95Ms, maxMs, overSecond }: RecentWaits): boolean {
  return p95Ms > LONG_P95_MS && (overSecond > 1 || maxMs > LONG_WAIT_MS);
}

/** Distribution of durations in bounded memory. */
export class Durations {
  readonly #buckets = BUCKETS_MS.map(() => 0);
  readonly #recentMs = new Float64Array(RECENT);
  readonly #recentAt = new Float64Array(RECENT);
  #count = 0;
  #maxMs = 0;

  /** `at` is the monotonic time in milliseconds. */
  add(tookMs: number, at: number): void {
    const slot = this.#count % RECENT;
    this.#recentMs[slot] = tookMs;
    this.#recentAt[slot] = at;
    const bucket = BUCKETS_MS.findIndex((limit) => tookMs <= limit);
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.#maxMs = Math.max(this.#maxMs, tookMs);
    this.#count++;
  }

  stats(): DurationStats {
    const recent = this.#recentMs.slice(0, Math.min(this.#count, RECENT)).toSorted();
    return {
      count: this.#count,
      p50Ms: percentile(recent, 0.5),
      p95Ms: percentile(recent, 0.95),
      maxMs: this.#maxMs,
      histogram: BUCKETS_MS.map((upToMs, i) => ({ upToMs, count: this.#buckets[i] ?? 0 })),
    };
  }

  /** The durations added since the monotonic time `since`, at most the last 1,000. */
  since(since: number): RecentWaits {
    const all = this.#recentMs.subarray(0, Math.min(this.#count, RECENT));
    const recent = all.filter((_, i) => (this.#recentAt[i] ?? 0) >= since).toSorted();
    const overSecond = recent.filter((tookMs) => tookMs > LONG_P95_MS).length;
    return { p95Ms: percentile(recent, 0.95), maxMs: recent.at(-1) ?? 0, overSecond };
  }
}

/** Measurements of one open database. Times are monotonic. */
export class Meter {
  readonly holds = new Durations();
  readonly waits = new Durations();
  readonly #operations = new Map<string, { count: number; totalMs: number; maxMs: number }>();
  readonly #listeners = new Set<(slow: SlowOperation) => void>();
  readonly #clock: Clock;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** Monotonic milliseconds. */
  now(): number {
    return this.#clock.monotonicMs();
  }

  /** Records that the transaction `name` held its lock for `tookMs`. */
  hold(name: string, tookMs: number): void {
    this.holds.add(tookMs, this.now());
    const known = this.#operations.get(name) ?? { count: 0, totalMs: 0, maxMs: 0 };
    if (known.count === 0 && this.#operations.size >= MAX_NAMES) return;
    known.count++;
    known.totalMs += tookMs;
    known.maxMs = Math.max(known.maxMs, tookMs);
    this.#operations.set(name, known);
    if (tookMs > LONG_HOLD_MS) this.#tell({ kind: "hold", name, tookMs });
  }

  /** Records that `name` waited `tookMs` for a lock, whether or not it got it. */
  wait(name: string, tookMs: number): void {
    this.waits.add(tookMs, this.now());
    if (tookMs > LONG_WAIT_MS) this.#tell({ kind: "wait", name, tookMs });
  }

  /** Totals per operation, for at most 100 names; later names count only in the distribution. */
  operations(): Record<string, OperationStats> {
    return Object.fromEntries([...this.#operations].map(([name, totals]) => [name, { ...totals }]));
  }

  /** Calls `listener` for holds over 1 s and waits over 10 s, after the transaction has ended. */
  listen(listener: (slow: SlowOperation) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  #tell(slow: SlowOperation): void {
    // Outside the transaction, so that a listener that throws does not undo it.
    for (const listener of this.#listeners) queueMicrotask(() => listener(slow));
  }
}

function percentile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
