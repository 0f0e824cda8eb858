import { once } from "node:events";
import { statusKey, WorkerStatus } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import { Redis } from "ioredis";
import { patientOptions, promptOptions } from "./connection.ts";
import type { QueuePlace } from "./send.ts";

/** Writes the live status of this host's workers. A supervisor is the only writer for its workers. */
export class StatusWriter {
  readonly #redis: Redis;
  readonly #key: string;

  constructor(place: QueuePlace, onError: (error: unknown) => void) {
    this.#redis = new Redis(patientOptions(place.url));
    this.#redis.on("error", onError);
    this.#key = statusKey(place.prefix);
  }

  async write(status: WorkerStatus): Promise<void> {
    await this.#redis.hset(this.#key, status.worker, JSON.stringify(status));
  }

  /** A worker that this host has no more: nobody shall take it for one that is only stopped. */
  async remove(worker: WorkerId): Promise<void> {
    await this.#redis.hdel(this.#key, worker);
  }

  close(): void {
    this.#redis.disconnect();
  }
}

/** Reads the live status of all workers. Rejects within milliseconds when Redis is away. */
export class StatusReader {
  readonly #redis: Redis;
  readonly #key: string;

  constructor(place: QueuePlace, onError: (error: unknown) => void) {
    this.#redis = new Redis(promptOptions(place.url));
    this.#redis.on("error", onError);
    this.#key = statusKey(place.prefix);
  }

  /** All workers by id. Rows that this version cannot read are left out. */
  async all(): Promise<ReadonlyMap<WorkerId, WorkerStatus>> {
    const rows = await this.#redis.hgetall(this.#key);
    const statuses = Object.values(rows).flatMap((row) => parseStatus(row) ?? []);
    return new Map(statuses.map((status) => [status.worker, status]));
  }

  /** Resolves when the connection is up; reads before that fail. */
  async ready(): Promise<void> {
    if (this.#redis.status !== "ready") await once(this.#redis, "ready");
  }

  close(): void {
    this.#redis.disconnect();
  }
}

/** One row of the board; null when this version cannot read it. */
export function parseStatus(row: string): WorkerStatus | null {
  try {
    return WorkerStatus.parse(JSON.parse(row));
  } catch {
    return null;
  }
}
