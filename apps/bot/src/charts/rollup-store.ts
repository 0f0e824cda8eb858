import type { Database } from "@flotilla/sqlite";
import {
  BUCKET_MS,
  between,
  bucketOf,
  type Look,
  type Phase,
  type Rollup,
  remembered,
} from "./rollup.ts";

/**
 * Milliseconds for which roll-ups are kept: a chart of 7 days, and a day to spare. At most 1,152
 * rows a worker.
 */
const DAY_MS = 24 * 3_600_000;
const KEEP_MS = 8 * DAY_MS;
/** Hosts say how their workers are every 10 s. */
const DAY_AGE_MS = 10_000;

interface RawLook extends Omit<Look, "phase"> {
  readonly phase: string | null;
}

/** Roll-ups of one bucket, and of how many workers they are. */
export interface BucketRow extends Rollup {
  readonly at: number;
  readonly workers: number;
}

const ADD = `INSERT INTO rollup
  (worker, at, received, relayed, up, wait, down, off, restarts, waits, longest_wait)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (worker, at) DO UPDATE SET
  received = received + excluded.received, relayed = relayed + excluded.relayed,
  up = up + excluded.up, wait = wait + excluded.wait, down = down + excluded.down, off = off + excluded.off,
  restarts = restarts + excluded.restarts, waits = waits + excluded.waits,
  longest_wait = max(longest_wait, excluded.longest_wait)`;

const SUMS = `at, count(*) AS workers, sum(received) AS received, sum(relayed) AS relayed,
  sum(up) AS up, sum(wait) AS wait, sum(down) AS down, sum(off) AS off,
  sum(restarts) AS restarts, sum(waits) AS waits, max(longest_wait) AS longestWait`;

/**
 * Numbers of the workers, ten minutes to a row, as the bot sees them in Redis. The last look at
 * each worker is kept with them: what is counted while the bot is away is not lost, but shown when
 * it comes back.
 */
export class RollupStore {
  readonly #db: Database;
  #prunedAt = 0;
  #day: { readonly at: number; readonly sums: ReadonlyMap<string, Rollup> } = {
    at: Number.NEGATIVE_INFINITY,
    sums: new Map(),
  };

  constructor(db: Database) {
    this.#db = db;
  }

  /** Takes one look at each of these workers. */
  add(looks: ReadonlyMap<string, Look>): void {
    this.#db.transaction(() => {
      for (const [worker, look] of looks) this.#addOne(worker, look);
    });
  }

  /** Roll-ups that begin in `[from, to)`, oldest first; `worker` null: summed over the fleet. */
  read(worker: string | null, from: number, to: number): BucketRow[] {
    const where = worker === null ? "" : "AND worker = ?";
    const params = worker === null ? [from, to] : [from, to, worker];
    return this.#db.read<BucketRow>(
      `SELECT ${SUMS} FROM rollup WHERE at >= ? AND at < ? ${where} GROUP BY at ORDER BY at`,
      params,
    );
  }

  /** Sums of the last 24 h by worker. Looked up at most every ten seconds. */
  lastDay(now: number): ReadonlyMap<string, Rollup> {
    if (now - this.#day.at < DAY_AGE_MS && now >= this.#day.at) return this.#day.sums;
    const sql = `SELECT worker, ${SUMS} FROM rollup WHERE at > ? GROUP BY worker`;
    const rows = this.#db.read<Rollup & { readonly worker: string }>(sql, [now - DAY_MS]);
    this.#day = { at: now, sums: new Map(rows.map((row) => [row.worker, row])) };
    return this.#day.sums;
  }

  /** Workers that had a process at the last look. */
  running(): string[] {
    const sql =
      "SELECT worker FROM last_look WHERE started_at IS NOT NULL AND phase IS NOT 'off' ORDER BY worker";
    return this.#db.read<{ worker: string }>(sql).map(({ worker }) => worker);
  }

  /** Takes away what is too old, and workers that are not on the list any more. Once per bucket. */
  prune(workers: readonly string[], now: number): void {
    if (bucketOf(now) === this.#prunedAt) return;
    this.#prunedAt = bucketOf(now);
    const gone = `worker NOT IN (SELECT value FROM json_each(?))`;
    this.#db.transaction(() => {
      this.#db.write(`DELETE FROM rollup WHERE at < ? OR ${gone}`, [
        now - KEEP_MS - BUCKET_MS,
        JSON.stringify(workers),
      ]);
      this.#db.write(`DELETE FROM last_look WHERE ${gone}`, [JSON.stringify(workers)]);
    });
  }

  #addOne(worker: string, look: Look): void {
    const before = this.#lastLook(worker);
    const kept = remembered(before, look);
    this.#db.write(
      `INSERT OR REPLACE INTO last_look (worker, at, phase, received, relayed, started_at,
        wait_until) VALUES (?, ?, ?, ?, ?, ?, ?)`,
      [worker, kept.at, kept.phase, kept.received, kept.relayed, kept.startedAt, kept.waitUntil],
    );
    if (!before) return;
    for (const [at, r] of between(before, look)) {
      const numbers = [
        r.received,
        r.relayed,
        r.up,
        r.wait,
        r.down,
        r.off,
        r.restarts,
        r.waits,
        r.longestWait,
      ];
      this.#db.write(ADD, [worker, at, ...numbers]);
    }
  }

  #lastLook(worker: string): Look | null {
    const sql = `SELECT at, phase, received, relayed, started_at AS startedAt, wait_until AS waitUntil
        FROM last_look WHERE worker = ?`;
    const row = this.#db.readOne<RawLook>(sql, [worker]);
    return row ? { ...row, phase: row.phase as Phase | null } : null;
  }
}
