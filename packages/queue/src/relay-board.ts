import { RelayStatus, relayKey } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import { Redis } from "ioredis";
import { promptOptions } from "./connection.ts";
import type { QueuePlace } from "./send.ts";

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
    const row = await this.#redis.hget(this.#key, worker);
    try {
      return row === null ? null : RelayStatus.parse(JSON.parse(row));
    } catch {
      return null;
    }
  }

  close(): void {
    this.#redis.disconnect();
  }
}
