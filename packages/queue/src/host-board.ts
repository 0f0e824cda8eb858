import { HostRow, hostsKey } from "@flotilla/contracts";
import type { HostId } from "@flotilla/kernel";
import { Redis } from "ioredis";
import { promptOptions } from "./connection.ts";
import type { QueuePlace } from "./place.ts";

/** Which hosts run, by what their supervisors say. Everything rejects within milliseconds when Redis is away. */
export class HostBoard {
  readonly #redis: Redis;
  readonly #key: string;

  constructor(place: QueuePlace, onError: (error: unknown) => void) {
    this.#redis = new Redis({ ...promptOptions(place.url), enableOfflineQueue: true });
    this.#redis.on("error", onError);
    this.#key = hostsKey(place.prefix);
  }

  async write(row: HostRow): Promise<void> {
    await this.#redis.hset(this.#key, row.host, JSON.stringify(row));
  }

  /** This host ends, on purpose. */
  async remove(host: HostId): Promise<void> {
    if (this.#redis.status === "ready") await this.#redis.hdel(this.#key, host);
  }

  /** Rows that this version cannot read are left out. */
  async all(): Promise<HostRow[]> {
    const rows = await this.#redis.hvals(this.#key);
    return rows.flatMap((row) => parse(row) ?? []).toSorted((a, b) => a.host.localeCompare(b.host));
  }

  close(): void {
    this.#redis.disconnect();
  }
}

function parse(row: string): HostRow | null {
  try {
    return HostRow.parse(JSON.parse(row));
  } catch {
    return null;
  }
}
