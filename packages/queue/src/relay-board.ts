import { RelayStatus, relayKey } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import type { QueuePlace } from "./place.ts";
import { PromptRedis } from "./prompt-redis.ts";
import type { Wire } from "./wire.ts";

/**
 * Reads the status of relays. Rejects within a second, with AppError `redis-away`, when Redis does
 * not answer.
 */
export class RelayBoard {
  readonly #redis: PromptRedis;
  readonly #key: string;
  readonly #wire: Wire;

  constructor(place: QueuePlace, onError: (error: unknown) => void) {
    this.#redis = new PromptRedis(place.redis, onError);
    this.#key = relayKey(place.prefix);
    this.#wire = place.wire;
  }

  /** The last relay status of this worker, or null. */
  async read(worker: WorkerId): Promise<RelayStatus | null> {
    return this.#parse(worker, await this.#redis.ask((redis) => redis.hget(this.#key, worker)));
  }

  /** The last relay status of every worker. */
  async all(): Promise<RelayStatus[]> {
    const rows = await this.#redis.ask((redis) => redis.hgetall(this.#key));
    return Object.entries(rows).flatMap(([worker, row]) => this.#parse(worker, row) ?? []);
  }

  /** Resolves when the connection is open; earlier reads fail. */
  async ready(): Promise<void> {
    await this.#redis.ready();
  }

  close(): void {
    this.#redis.close();
  }

  /** Null for a row that this version cannot parse, or that this fleet has not signed. */
  #parse(worker: string, row: string | null): RelayStatus | null {
    const parsed =
      row === null ? null : RelayStatus.safeParse(this.#wire.openRow(RELAY_TABLE, worker, row));
    return parsed?.data?.worker === worker ? parsed.data : null;
  }
}

/** Table name in the signatures of its rows. */
export const RELAY_TABLE = "relay";
