import {
  moveTimes,
  STATE_TABLE,
  type StateFacts,
  statusKey,
  WorkerStatus,
} from "@flotilla/contracts";
import { type Clock, type HostId, sleep, systemClock, type WorkerId } from "@flotilla/kernel";
import { patientRedis, type RedisClient } from "./connection.ts";
import type { QueuePlace } from "./place.ts";
import { PromptRedis } from "./prompt-redis.ts";
import type { RedisTrouble } from "./redis-trouble.ts";
import { aheadOf, heardAt, toldAt } from "./told-at.ts";
import type { Wire } from "./wire.ts";

/**
 * Table name in the signatures of its rows. A row also contains the public key for sealing a secret
 * to its worker.
 */
const TABLE = "status";

/** Step, in milliseconds, in which the times of a status follow the reader's clock. */
const APART_STEP_MS = 5000;
/** Rows per request to Redis. */
const ROWS_AT_ONCE = 200;
/** Milliseconds before rows that Redis refused are retried, for example on a full disk. */
const RETRY_MS = 500;

/**
 * Writes the live status of this host's workers. A supervisor is the only writer for its workers;
 * each host has its own rows. While Redis is away it keeps only the newest status of each worker.
 */
export class StatusWriter {
  readonly #redis: RedisClient;
  readonly #key: string;
  readonly #wire: Wire;
  readonly #onError: (error: unknown) => void;
  readonly #clock: Clock;
  readonly #over = new AbortController();
  /** Rows to write; null = to remove. */
  readonly #newest = new Map<string, WorkerStatus | null>();
  /** Promise per waiting row, however often the row changes. */
  readonly #written = new Map<string, PromiseWithResolvers<void>>();
  #isWriting = false;

  constructor(place: QueuePlace, onError: (error: unknown) => void, clock: Clock = systemClock) {
    this.#clock = clock;
    this.#redis = patientRedis(place.redis);
    this.#redis.on("error", onError);
    this.#redis.on("ready", () => void this.#writeAll());
    this.#key = statusKey(place.prefix);
    this.#wire = place.wire;
    this.#onError = onError;
  }

  /** Resolves when this status, or a newer one of the worker, is in Redis. Never rejects. */
  write(status: WorkerStatus): Promise<void> {
    return this.#put(rowOf(status), status);
  }

  /** Removes a worker that this host no longer has, so that it does not look like a stopped one. */
  remove(gone: Pick<WorkerStatus, "worker" | "host">): Promise<void> {
    return this.#put(rowOf(gone), null);
  }

  /**
   * Removes the rows that an earlier supervisor of this host left of workers which this one does not
   * have. Waits for Redis. Never rejects.
   */
  async removeOthers(host: HostId, isOurs: (worker: string) => boolean): Promise<void> {
    const rows = await this.#redis.hkeys(this.#key).catch((error: unknown) => {
      this.#onError(error);
      return [];
    });
    for (const row of rows) {
      const [worker = "", of] = row.split("@");
      if (of === host && !isOurs(worker)) void this.#put(row, null);
    }
  }

  /** Number of rows that wait for Redis. */
  get waiting(): number {
    return this.#newest.size;
  }

  close(): void {
    this.#over.abort();
    this.#redis.disconnect();
  }

  #put(row: string, status: WorkerStatus | null): Promise<void> {
    const written = this.#written.get(row) ?? Promise.withResolvers<void>();
    this.#written.set(row, written);
    this.#newest.set(row, status);
    void this.#writeAll();
    return written.promise;
  }

  /** One request at a time, and none while Redis is away: `ready` starts it again. */
  async #writeAll(): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    const { signal } = this.#over;
    while (this.#newest.size > 0 && this.#redis.status === "ready" && !signal.aborted) {
      const rows = [...this.#newest].slice(0, ROWS_AT_ONCE);
      for (const [row] of rows) this.#newest.delete(row);
      try {
        await this.#trip(rows);
        for (const [row] of rows) this.#tellWritten(row);
      } catch (error) {
        if (signal.aborted) break;
        this.#onError(error);
        // A row written meanwhile is newer.
        for (const [row, status] of rows) if (!this.#newest.has(row)) this.#newest.set(row, status);
        await sleep(RETRY_MS, signal).catch(() => {});
      }
    }
    this.#isWriting = false;
  }

  #tellWritten(row: string): void {
    if (this.#newest.has(row)) return;
    this.#written.get(row)?.resolve();
    this.#written.delete(row);
  }

  async #trip(rows: readonly (readonly [string, WorkerStatus | null])[]): Promise<void> {
    const gone = rows.flatMap(([row, status]) => (status === null ? [row] : []));
    const ahead = await aheadOf(this.#redis, this.#clock);
    const told = (status: WorkerStatus): WorkerStatus => ({
      ...status,
      ...toldAt(status.updatedAt, ahead),
    });
    const there = rows.flatMap(([row, status]) =>
      status === null ? [] : [row, this.#wire.signRow(TABLE, row, told(status))],
    );
    const writes: Promise<number>[] = [];
    if (there.length > 0) writes.push(this.#redis.hset(this.#key, ...there));
    if (gone.length > 0) writes.push(this.#redis.hdel(this.#key, ...gone));
    await Promise.all(writes);
  }
}

/**
 * Reads the live status of all workers. Rejects within a second, with AppError `redis-away`, when
 * Redis does not answer.
 */
export class StatusReader {
  readonly #redis: PromptRedis;
  readonly #key: string;
  readonly #wire: Wire;
  readonly #clock: Clock;

  constructor(place: QueuePlace, onError: (error: unknown) => void, clock: Clock = systemClock) {
    this.#clock = clock;
    this.#redis = new PromptRedis(place.redis, onError);
    this.#key = statusKey(place.prefix);
    this.#wire = place.wire;
  }

  /**
   * All workers by id; for a worker on two hosts, the host that runs it. Leaves out rows that this
   * version cannot parse.
   */
  async all(): Promise<ReadonlyMap<WorkerId, WorkerStatus>> {
    const [rows, ahead] = await this.#redis.ask((redis) =>
      Promise.all([redis.hgetall(this.#key), aheadOf(redis, this.#clock)]),
    );
    const known = new Map<WorkerId, WorkerStatus>();
    for (const status of readStatuses(this.#wire, rows, ahead)) {
      const other = known.get(status.worker);
      if (!other || tellsMore(status, other)) known.set(status.worker, status);
    }
    return known;
  }

  /** Resolves when the connection is open; earlier reads fail. */
  async ready(): Promise<void> {
    await this.#redis.ready();
  }

  /** Problem of Redis by the last question; null = none. */
  get trouble(): RedisTrouble | null {
    return this.#redis.trouble;
  }

  close(): void {
    this.#redis.close();
  }
}

/** Name of a worker's row in the board of statuses. */
export const rowOf = ({ worker, host }: Pick<WorkerStatus, "worker" | "host">): string =>
  `${worker}@${host}`;

const MAY_HAVE_SESSION: ReadonlySet<StateFacts["session"]> = new Set(["open", "perhaps"]);

/** A host that has the session wins over one that waits for it; otherwise the newer status wins. */
function tellsMore(one: WorkerStatus, other: WorkerStatus): boolean {
  const has = ({ pid, state }: WorkerStatus): boolean =>
    pid !== null && MAY_HAVE_SESSION.has(STATE_TABLE[state].session);
  if (has(one) === has(other)) return one.updatedAt > other.updatedAt;
  return has(one);
}

/**
 * How far the clocks of writer and reader are apart, in steps that do not change with each question
 * to Redis.
 */
function apart(ms: number): number {
  return Math.round(ms / APART_STEP_MS) * APART_STEP_MS;
}

/**
 * The rows of the board that this version can parse and this fleet has signed. `ahead`: see {@link
 * aheadOf}.
 */
export function readStatuses(
  wire: Wire,
  rows: Readonly<Record<string, string>>,
  ahead: number | null,
): WorkerStatus[] {
  return Object.entries(rows).flatMap(([row, text]) => {
    const status = WorkerStatus.safeParse(wire.openRow(TABLE, row, text)).data;
    if (!status || rowOf(status) !== row) return [];
    const { toldAt: _, ...read } = status;
    const updatedAt = heardAt(status, status.updatedAt, ahead);
    return [{ ...moveTimes(read, apart(updatedAt - status.updatedAt)), updatedAt }];
  });
}
