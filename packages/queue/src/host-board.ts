import { HostRow, hostsKey } from "@flotilla/contracts";
import type { HostId } from "@flotilla/kernel";
import type { QueuePlace } from "./place.ts";
import { PromptRedis } from "./prompt-redis.ts";
import type { Wire } from "./wire.ts";

const TABLE = "hosts";

/** Which hosts run, by what their supervisors say. Everything rejects within a second, with AppError `redis-away`, when Redis does not answer. */
export class HostBoard {
  readonly #redis: PromptRedis;
  readonly #key: string;
  readonly #wire: Wire;

  constructor(place: QueuePlace, onError: (error: unknown) => void) {
    this.#redis = new PromptRedis(place.url, onError);
    this.#key = hostsKey(place.prefix);
    this.#wire = place.wire;
  }

  async write(row: HostRow): Promise<void> {
    const signed = this.#wire.signRow(TABLE, row.host, row);
    await this.#redis.ask((redis) => redis.hset(this.#key, row.host, signed));
  }

  /** This host ends, on purpose. */
  async remove(host: HostId): Promise<void> {
    if (this.#redis.trouble === null) await this.#redis.ask((redis) => redis.hdel(this.#key, host));
  }

  /** Rows that this version cannot read, or that are not signed by this fleet, are left out. */
  async all(): Promise<HostRow[]> {
    const rows = Object.entries(await this.#redis.ask((redis) => redis.hgetall(this.#key)));
    return rows
      .flatMap(([host, row]) => HostRow.safeParse(this.#wire.openRow(TABLE, host, row)).data ?? [])
      .toSorted((a, b) => a.host.localeCompare(b.host));
  }

  close(): void {
    this.#redis.close();
  }
}
