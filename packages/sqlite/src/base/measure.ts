/** Distribution of durations in milliseconds. */
export interface DurationStats {
  /** Since the file was opened. */
  readonly count: number;
  /** Of the last 1,000. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  /** Since the file was opened. */
  readonly maxMs: number;
  /** How many took at most `upToMs` and more than the bucket before; the last one has no limit (Infinity). Since the file was opened. */
  readonly histogram: readonly { readonly upToMs: number; readonly count: number }[];
}

/** Lock waits of a while. */
export interface RecentWaits {
  readonly p95Ms: number;
  readonly maxMs: number;
  /** How many took more than 1 s. */
  readonly overSecond: number;
}

/** Totals of one named operation. */
export interface OperationStats {
  readonly count: number;
  readonly totalMs: number;
  readonly maxMs: number;
}

/** Something took longer than it ever should. */
export interface SlowOperation {
  /** "hold": the transaction kept others out. "wait": it was kept out. */
  readonly kind: "hold" | "wait";
  readonly name: string;
  readonly tookMs: number;
}

const BUCKETS_MS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, Infinity];
const RECENT = 1000;
const MAX_NAMES = 100;
const LONG_HOLD_MS = 1000;
const LONG_WAIT_MS = 10_000;
const LONG_P95_MS = 1000;

/** Whether lock waits are too long: one in twenty over 1 s (S3-20). Of a few waits that would be a single one: that must be over 10 s. */
export function areLong({ p95Ms, maxMs, overSecond }: RecentWaits): boolean {
  return p95Ms > LONG_P95_MS && (overSecond > 1 || maxMs > LONG_WAIT_MS);
}

/** Counts durations in bounded memory. */
export class Durations {
  readonly #buckets = BUCKETS_MS.map(() => 0);
  readonly #recentMs = new Float64Array(RECENT);
  readonly #recentAt = new Float64Array(RECENT);
  #count = 0;
  #maxMs = 0;

  /** `at` is monotonic milliseconds. */
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

  /** What was added (at most the last 1,000) since the monotonic time `since`. */
  since(since: number): RecentWaits {
    const all = this.#recentMs.subarray(0, Math.min(this.#count, RECENT));
    const recent = all.filter((_, i) => (this.#recentAt[i] ?? 0) >= since).toSorted();
    const overSecond = recent.filter((tookMs) => tookMs > LONG_P95_MS).length;
    return { p95Ms: percentile(recent, 0.95), maxMs: recent.at(-1) ?? 0, overSecond };
  }
}

/** What is measured of one open database. Times are monotonic. */
export class Meter {
  readonly holds = new Durations();
  readonly waits = new Durations();
  readonly #operations = new Map<string, { count: number; totalMs: number; maxMs: number }>();
  readonly #listeners = new Set<(slow: SlowOperation) => void>();

  /** The transaction `name` kept its lock for `tookMs`. */
  hold(name: string, tookMs: number): void {
    this.holds.add(tookMs, performance.now());
    const known = this.#operations.get(name) ?? { count: 0, totalMs: 0, maxMs: 0 };
    if (known.count === 0 && this.#operations.size >= MAX_NAMES) return;
    known.count++;
    known.totalMs += tookMs;
    known.maxMs = Math.max(known.maxMs, tookMs);
    this.#operations.set(name, known);
    if (tookMs > LONG_HOLD_MS) this.#tell({ kind: "hold", name, tookMs });
  }

  /** `name` waited `tookMs` for a lock, whether or not it got it. */
  wait(name: string, tookMs: number): void {
    this.waits.add(tookMs, performance.now());
    if (tookMs > LONG_WAIT_MS) this.#tell({ kind: "wait", name, tookMs });
  }

  /** Totals per operation; at most 100 names, later ones are only in the distribution. */
  operations(): Record<string, OperationStats> {
    return Object.fromEntries([...this.#operations].map(([name, totals]) => [name, { ...totals }]));
  }

  /** Hears of holds over 1 s and waits over 10 s, after the transaction has ended. */
  listen(listener: (slow: SlowOperation) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  #tell(slow: SlowOperation): void {
    // Not from inside the transaction: a listener that throws must not undo it.
    for (const listener of this.#listeners) queueMicrotask(() => listener(slow));
  }
}

function percentile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
