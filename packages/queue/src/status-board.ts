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
    return new Map(Object.values(rows).flatMap((row) => parseRow(row)));
  }

  /** Resolves when the connection is up; reads before that fail. */
  async ready(): Promise<void> {
    if (this.#redis.status !== "ready") await once(this.#redis, "ready");
  }

  close(): void {
    this.#redis.disconnect();
  }
}

function parseRow(row: string): [WorkerId, WorkerStatus][] {
  try {
    const status = WorkerStatus.parse(JSON.parse(row));
    return [[status.worker, status]];
  } catch {
    return [];
  }
}
