import { once } from "node:events";
import { statusKey, WorkerStatus } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import { Redis } from "ioredis";
import { patientOptions, promptOptions } from "./connection.ts";
import type { QueuePlace } from "./place.ts";
import type { Wire } from "./wire.ts";

/** What its rows are signed for. A row also says which key a secret for its worker is sealed to. */
const TABLE = "status";

/** Writes the live status of this host's workers. A supervisor is the only writer for its workers; each host has rows of its own. */
export class StatusWriter {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #wire: Wire;

  constructor(place: QueuePlace, onError: (error: unknown) => void) {
    this.#redis = new Redis(patientOptions(place.url));
    this.#redis.on("error", onError);
    this.#key = statusKey(place.prefix);
    this.#wire = place.wire;
  }

  async write(status: WorkerStatus): Promise<void> {
    await this.#redis.hset(this.#key, rowOf(status), this.#wire.signRow(TABLE, rowOf(status), status));
  }

  /** A worker that this host has no more: nobody shall take it for one that is only stopped. */
  async remove(gone: Pick<WorkerStatus, "worker" | "host">): Promise<void> {
    await this.#redis.hdel(this.#key, rowOf(gone));
  }

  close(): void {
    this.#redis.disconnect();
  }
}

/** Reads the live status of all workers. Rejects within milliseconds when Redis is away. */
export class StatusReader {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #wire: Wire;

  constructor(place: QueuePlace, onError: (error: unknown) => void) {
    this.#redis = new Redis(promptOptions(place.url));
    this.#redis.on("error", onError);
    this.#key = statusKey(place.prefix);
    this.#wire = place.wire;
  }

  /** All workers by id; of one that two hosts have, the host that runs it. Rows that this version cannot read are left out. */
  async all(): Promise<ReadonlyMap<WorkerId, WorkerStatus>> {
    const rows = await this.#redis.hgetall(this.#key);
    const known = new Map<WorkerId, WorkerStatus>();
    for (const status of readStatuses(this.#wire, rows)) {
      const other = known.get(status.worker);
      if (!other || tellsMore(status, other)) known.set(status.worker, status);
    }
    return known;
  }

  /** Resolves when the connection is up; reads before that fail. */
  async ready(): Promise<void> {
    if (this.#redis.status !== "ready") await once(this.#redis, "ready");
  }

  close(): void {
    this.#redis.disconnect();
  }
}

const rowOf = ({ worker, host }: Pick<WorkerStatus, "worker" | "host">): string => `${worker}@${host}`;

/** A host that has the session tells more than one that waits for it; else the newer one does. */
function tellsMore(one: WorkerStatus, other: WorkerStatus): boolean {
  const has = ({ pid, state }: WorkerStatus): boolean => pid !== null && state !== "IN_USE" && state !== "STARTING";
  return has(one) === has(other) ? one.updatedAt > other.updatedAt : has(one);
}

/** The rows of the board that this version can read and this fleet has signed. */
export function readStatuses(wire: Wire, rows: Readonly<Record<string, string>>): WorkerStatus[] {
  return Object.entries(rows).flatMap(([row, text]) => {
    const status = WorkerStatus.safeParse(wire.openRow(TABLE, row, text)).data;
    return status && rowOf(status) === row ? [status] : [];
  });
}
