import { HostRow, hostsKey } from "@flotilla/contracts";
import type { HostId } from "@flotilla/kernel";
import { Redis } from "ioredis";
import { promptOptions } from "./connection.ts";
import type { QueuePlace } from "./place.ts";
import type { Wire } from "./wire.ts";

const TABLE = "hosts";

/** Which hosts run, by what their supervisors say. Everything rejects within milliseconds when Redis is away. */
export class HostBoard {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #wire: Wire;

  constructor(place: QueuePlace, onError: (error: unknown) => void) {
    this.#redis = new Redis({ ...promptOptions(place.url), enableOfflineQueue: true });
    this.#redis.on("error", onError);
    this.#key = hostsKey(place.prefix);
    this.#wire = place.wire;
  }

  async write(row: HostRow): Promise<void> {
    await this.#redis.hset(this.#key, row.host, this.#wire.signRow(TABLE, row.host, row));
  }

  /** This host ends, on purpose. */
  async remove(host: HostId): Promise<void> {
    if (this.#redis.status === "ready") await this.#redis.hdel(this.#key, host);
  }

  /** Rows that this version cannot read, or that are not signed by this fleet, are left out. */
  async all(): Promise<HostRow[]> {
    const rows = Object.entries(await this.#redis.hgetall(this.#key));
    return rows
      .flatMap(([host, row]) => HostRow.safeParse(this.#wire.openRow(TABLE, host, row)).data ?? [])
      .toSorted((a, b) => a.host.localeCompare(b.host));
  }

  close(): void {
    this.#redis.disconnect();
  }
}
