import { once } from "node:events";
import { HostCommand, hostQueue, parcelKey, WorkerCommand, workerQueue } from "@flotilla/contracts";
import { AppError, type HostId } from "@flotilla/kernel";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { promptOptions } from "./connection.ts";
import { stamped } from "./deadline.ts";
import { parcelSlot } from "./parcel.ts";
import type { QueuePlace } from "./place.ts";

const KEEP = { removeOnComplete: { count: 200 }, removeOnFail: { count: 200 } } as const;
/** Login entries are sealed, and gone from Redis as soon as they were carried out. */
const DROP = { removeOnComplete: true, removeOnFail: true } as const;

/** Longer than the command that goes with it is good for. */
const PARCEL_MS = 120_000;

/** Sends commands; fails within milliseconds with AppError `redis-away` when Redis is not there. One connection for all queues. */
export class CommandSender {
  readonly #place: QueuePlace;
  readonly #redis: Redis;
  readonly #queues = new Map<string, Queue>();

  constructor(place: QueuePlace, onError: (error: unknown) => void) {
    this.#place = place;
    this.#redis = new Redis(promptOptions(place.url));
    this.#redis.on("error", onError);
  }

  /** To the supervisor of a host. */
  async toHost(host: HostId, command: HostCommand): Promise<void> {
    await this.#add(hostQueue(host), HostCommand.parse(command), false);
  }

  /** To one worker process. */
  async toWorker(command: WorkerCommand): Promise<void> {
    await this.#add(workerQueue(command.worker), WorkerCommand.parse(command), command.kind.startsWith("login."));
  }

  /** Leaves something large for a login, to be taken with `takeParcel`: sealed bytes only. Throws AppError `redis-away`. */
  async leaveParcel(login: string, sealed: Buffer): Promise<void> {
    try {
      const { prefix, wire } = this.#place;
      await this.#redis.set(parcelKey(prefix, login), wire.signBytes(parcelSlot(login), sealed), "PX", PARCEL_MS);
    } catch (cause) {
      throw new AppError("redis-away", "Redis cannot be reached, so nothing was done. Try again in a moment.", { cause });
    }
  }

  /** Resolves when the connection is up; commands sent before that fail. */
  async ready(): Promise<void> {
    if (this.#redis.status !== "ready") await once(this.#redis, "ready");
  }

  /** True while commands can be sent. */
  get connected(): boolean {
    return this.#redis.status === "ready";
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#queues.values()].map((queue) => queue.close()));
    this.#redis.disconnect();
  }

  async #add(name: string, command: HostCommand | WorkerCommand, drop: boolean): Promise<void> {
    const queue = this.#queue(name);
    try {
      const { id, kind } = command;
      const signed = this.#place.wire.sign({ queue: name, id, name: kind }, await stamped(this.#redis, command));
      await queue.add(kind, signed, { jobId: id, ...(drop ? DROP : KEEP) });
    } catch (error) {
      // A queue that was made while Redis was away stays broken for ever (bullmq keeps the failed first look at the
      // server): the next command makes a new one.
      this.#queues.delete(name);
      queue.close().catch(() => {});
      throw new AppError("redis-away", "Redis cannot be reached, so nothing was done. Try again in a moment.", {
        cause: error,
      });
    }
  }

  #queue(name: string): Queue {
    const known = this.#queues.get(name);
    if (known) return known;
    const queue = new Queue(name, { connection: this.#redis, prefix: this.#place.prefix, skipWaitingForReady: true });
    // The same error is reported by the connection itself.
    queue.on("error", () => {});
    this.#queues.set(name, queue);
    return queue;
  }
}
