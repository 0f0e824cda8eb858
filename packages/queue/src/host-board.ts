import { HostRow, hostsKey, statusKey } from "@flotilla/contracts";
import { type Clock, type HostId, systemClock, type WorkerId } from "@flotilla/kernel";
import type { QueuePlace } from "./place.ts";
import { PromptRedis } from "./prompt-redis.ts";
import type { RedisTrouble } from "./redis-trouble.ts";
import { rowOf } from "./status-board.ts";
import { aheadOf, heardAt, toldAt } from "./told-at.ts";
import type { Wire } from "./wire.ts";

const TABLE = "hosts";

/**
 * The running hosts, by the rows of their supervisors. Every method rejects within a second, with
 * AppError `redis-away`, when Redis does not answer.
 */
export class HostBoard {
  readonly #redis: PromptRedis;
  readonly #key: string;
  readonly #statusKey: string;
  readonly #wire: Wire;
  readonly #clock: Clock;

  constructor(place: QueuePlace, onError: (error: unknown) => void, clock: Clock = systemClock) {
    this.#clock = clock;
    this.#redis = new PromptRedis(place.redis, onError);
    this.#key = hostsKey(place.prefix);
    this.#statusKey = statusKey(place.prefix);
    this.#wire = place.wire;
  }

  async write(row: HostRow): Promise<void> {
    const ahead = await this.#redis.ask((redis) => aheadOf(redis, this.#clock));
    const signed = this.#wire.signRow(TABLE, row.host, { ...row, ...toldAt(row.at, ahead) });
    await this.#redis.ask((redis) => redis.hset(this.#key, row.host, signed));
  }

  /** Removes the row of a host that stops on purpose. */
  async remove(host: HostId): Promise<void> {
    if (this.#redis.trouble === null) await this.#redis.ask((redis) => redis.hdel(this.#key, host));
  }

  /**
   * Removes what a host that is gone for good left here: its row, and what it last said of these
   * workers.
   */
  async forget(host: HostId, workers: readonly WorkerId[]): Promise<void> {
    const rows = workers.map((worker) => rowOf({ worker, host }));
    await this.#redis.ask(async (redis) => {
      await redis.hdel(this.#key, host);
      if (rows.length > 0) await redis.hdel(this.#statusKey, ...rows);
    });
  }

  /** All rows, without those that this version cannot parse or this fleet has not signed. */
  async all(): Promise<HostRow[]> {
    const [rows, ahead] = await this.#redis.ask((redis) =>
      Promise.all([redis.hgetall(this.#key), aheadOf(redis, this.#clock)]),
    );
    return Object.entries(rows)
      .flatMap(([host, row]) => HostRow.safeParse(this.#wire.openRow(TABLE, host, row)).data ?? [])
      .map((row) => {
        const { toldAt: _, ...read } = row;
        return { ...read, at: heardAt(row, row.at, ahead) };
      })
      .toSorted((a, b) => a.host.localeCompare(b.host));
  }

  /** Problem of Redis, by its connection and the last question; null = none. */
  get trouble(): RedisTrouble | null {
    return this.#redis.trouble;
  }

  close(): void {
    this.#redis.close();
  }
}
