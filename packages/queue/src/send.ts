import {
  botPulseKey,
  HostCommand,
  hostQueue,
  parcelKey,
  WorkerCommand,
  workerQueue,
} from "@flotilla/contracts";
import { AppError, type HostId } from "@flotilla/kernel";
import { Queue } from "bullmq";
import { stamped } from "./deadline.ts";
import { parcelSlot } from "./parcel.ts";
import type { QueuePlace } from "./place.ts";
import { PromptRedis } from "./prompt-redis.ts";
import { type RedisTrouble, redisAway, troubleOf } from "./redis-trouble.ts";

const KEEP = { removeOnComplete: { count: 200 }, removeOnFail: { count: 200 } } as const;
/** Login entries are sealed, and removed from Redis once carried out. */
const DROP = { removeOnComplete: true, removeOnFail: true } as const;

/** Milliseconds until a parcel expires; longer than its command is valid. */
const PARCEL_MS = 120_000;

/**
 * Sends commands over one connection for all queues. Rejects within a second, with AppError
 * `redis-away`, when Redis does not take them.
 */
export class CommandSender {
  readonly #place: QueuePlace;
  readonly #redis: PromptRedis;
  readonly #queues = new Map<string, Queue>();

  constructor(place: QueuePlace, onError: (error: unknown) => void) {
    this.#place = place;
    this.#redis = new PromptRedis(place.redis, onError);
  }

  /** Sends a command to the supervisor of a host. */
  async toHost(host: HostId, command: HostCommand): Promise<void> {
    await this.#add(hostQueue(host), HostCommand.parse(command), false);
  }

  /** Sends a command to one worker process. */
  async toWorker(command: WorkerCommand): Promise<void> {
    await this.#add(
      workerQueue(command.worker),
      WorkerCommand.parse(command),
      command.kind.startsWith("login."),
    );
  }

  /**
   * Stores large sealed data for a login; `takeParcel` fetches it. Throws AppError `redis-away`.
   */
  async leaveParcel(login: string, sealed: Buffer): Promise<void> {
    const { prefix, wire } = this.#place;
    const signed = wire.signBytes(parcelSlot(login), sealed);
    await this.#redis
      .ask((redis) => redis.set(parcelKey(prefix, login), signed, "PX", PARCEL_MS))
      .catch(notTaken);
  }

  /** Resolves when the connection is open; earlier commands fail. */
  async ready(): Promise<void> {
    await this.#redis.ready();
  }

  /** True while commands can be sent. */
  get connected(): boolean {
    return this.trouble === null;
  }

  /** Problem of Redis by the last command or {@link probe}; null = none. */
  get trouble(): RedisTrouble | null {
    return this.#redis.trouble;
  }

  /** Tests whether Redis takes commands, by writing as they do. Throws AppError `redis-away`. */
  async probe(): Promise<void> {
    await this.#redis.ask((redis) =>
      redis.set(botPulseKey(this.#place.prefix), "1", "PX", PARCEL_MS),
    );
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#queues.values()].map((queue) => queue.close()));
    this.#redis.close();
  }

  async #add(name: string, command: HostCommand | WorkerCommand, drop: boolean): Promise<void> {
    const queue = this.#queue(name);
    const { id, kind } = command;
    try {
      // Two questions, so that a late answer to the first one sends no command after its sender got
      // the error.
      const sent = await this.#redis.ask((redis) => stamped(redis, command));
      const signed = this.#place.wire.sign({ queue: name, id, name: kind }, sent);
      await this.#redis.ask(() => queue.add(kind, signed, { jobId: id, ...(drop ? DROP : KEEP) }));
    } catch (error) {
      // A queue created while Redis was away stays broken (BullMQ keeps the failed first check of
      // the server): the next command creates another.
      this.#queues.delete(name);
      queue.close().catch(() => {});
      notTaken(error);
    }
  }

  #queue(name: string): Queue {
    const known = this.#queues.get(name);
    if (known) return known;
    const queue = new Queue(name, {
      connection: this.#redis.redis,
      prefix: this.#place.prefix,
      skipWaitingForReady: true,
    });
    // The connection reports the same error.
    queue.on("error", () => {});
    this.#queues.set(name, queue);
    return queue;
  }
}

/** A refused or unsent command has no effect; for an unanswered one that is unknown. */
function notTaken(error: unknown): never {
  const away = redisAway(troubleOf(error), error);
  const { redis } = away.details;
  const done =
    redis === "hangs" || redis === "away"
      ? "It may still be done within a minute."
      : "So nothing was done.";
  throw new AppError(away.code, `${away.message} ${done}`, { cause: error, details: away.details });
}
