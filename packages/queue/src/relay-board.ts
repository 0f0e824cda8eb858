import { once } from "node:events";
import { RelayStatus, relayKey } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import { Redis } from "ioredis";
import { promptOptions } from "./connection.ts";
import type { QueuePlace } from "./place.ts";

/** Reads how the relays are doing. Rejects within milliseconds when Redis is away. */
export class RelayBoard {
  readonly #redis: Redis;
  readonly #key: string;

  constructor(place: QueuePlace, onError: (error: unknown) => void) {
    this.#redis = new Redis(promptOptions(place.url));
    this.#redis.on("error", onError);
    this.#key = relayKey(place.prefix);
  }

  /** What this worker last said about its relays, or null. */
  async read(worker: WorkerId): Promise<RelayStatus | null> {
    return parse(await this.#redis.hget(this.#key, worker));
  }

  /** What all workers last said about their relays. */
  async all(): Promise<RelayStatus[]> {
    const rows = await this.#redis.hgetall(this.#key);
    return Object.values(rows).flatMap((row) => parse(row) ?? []);
  }

  /** Resolves when the connection is up; reads before that fail. */
  async ready(): Promise<void> {
    if (this.#redis.status !== "ready") await once(this.#redis, "ready");
  }

  close(): void {
    this.#redis.disconnect();
  }
}

function parse(row: string | null): RelayStatus | null {
  try {
    return row === null ? null : RelayStatus.parse(JSON.parse(row));
  } catch {
    return null;
  }
}
