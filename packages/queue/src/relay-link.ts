import {
  BOT_RELAY_QUEUE,
  type Confirmation,
  type Delivery,
  RelayMessage,
  type RelayStatus,
  relayKey,
  relayQueue,
  type TargetGone,
} from "@flotilla/contracts";
import { AppError, type WorkerId, withTimeout } from "@flotilla/kernel";
import { type Job, Queue, UnrecoverableError, type Worker } from "bullmq";
import { closingMs, patientRedis, type RedisClient } from "./connection.ts";
import { JobsOf01 } from "./jobs-of-0-1.ts";
import type { QueuePlace } from "./place.ts";
import { noAnswer } from "./redis-trouble.ts";
import { RELAY_TABLE } from "./relay-board.ts";
import { refuse, TolerantWorker, withoutUnreadable } from "./tolerant-worker.ts";

/** Consumer and handlers of a {@link RelayLink}. */
export interface RelayLinkOptions {
  readonly place: QueuePlace;
  /** Whose messages it consumes: a worker's, or the bot's deliveries. */
  readonly who: WorkerId | "the bot";
  /**
   * Called once per message, several at a time; called again for the same message after a crash.
   */
  readonly handle: (message: RelayMessage) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/**
 * Jobs are not kept: the reader's outbox is the source of truth and repeats what is not confirmed.
 */
const JOB = { removeOnComplete: true, removeOnFail: true } as const;
/**
 * Messages handled at once: deliveries of different routes do not wait for each other, and each
 * route has one under way.
 */
const CONCURRENCY = 50;
/** Milliseconds that a stop waits for Redis. */
const CLOSE_MS = 2000;

/**
 * Transports relay messages between workers and the bot, over two connections. Sending waits for a
 * Redis that is away. Message texts are in Redis unencrypted while under way; secrets never are.
 */
export class RelayLink {
  readonly #options: RelayLinkOptions;
  readonly #redis: RedisClient;
  readonly #queues = new Map<string, Queue>();
  #worker: Worker | null = null;
  #starting: Promise<void> = Promise.resolve();
  #later: Promise<void> = Promise.resolve();
  readonly #over = new AbortController();

  constructor(options: RelayLinkOptions) {
    this.#options = options;
    this.#redis = patientRedis(options.place.redis);
    this.#redis.on("error", options.onError);
  }

  /** Starts consuming; jobs of version 0.1 come first. */
  start(): void {
    const { who, place, onError } = this.#options;
    const name = who === "the bot" ? BOT_RELAY_QUEUE : relayQueue(who);
    const before = new JobsOf01(place, name, onError);
    this.#starting = before.takeAlong().then(() => {
      if (!this.#over.signal.aborted) this.#worker = this.#take(name);
    });
    this.#later = before.takeAlongLater(() => this.connected, this.#over.signal);
  }

  #take(name: string): Worker {
    const { place, handle, onError } = this.#options;
    const worker = new TolerantWorker(
      name,
      // BullMQ counts the parameters of this function to decide what to pass: keep it at one.
      async (job: Job) => {
        const opened = place.wire.open({ queue: name, id: job.id ?? "", name: job.name }, job.data);
        if (opened.kind === "refused") return refuse(place, name, opened.why, job);
        if (!opened.from01) place.before?.gate.close(name);
        const parsed = RelayMessage.safeParse(opened.body);
        if (!parsed.success)
          throw new UnrecoverableError(`refused payload of ${name}: ${fieldsOf(parsed.error)}`);
        await handle(parsed.data);
      },
      {
        connection: this.#redis,
        prefix: place.prefix,
        concurrency: CONCURRENCY,
        lockDuration: 5000,
        stalledInterval: 2000,
        maxStalledCount: 2,
      },
    );
    worker.on("error", withoutUnreadable(this.#redis, place, name, onError));
    worker.on("failed", (_job, error) => onError(error));
    return worker;
  }

  /** Sends a step to its sender. Does not add a try that is already queued. */
  async deliver(delivery: Delivery): Promise<void> {
    const { to } = delivery;
    if (to.kind === "webhook")
      throw new AppError("no-queue", "A webhook is called by the reader itself.");
    await this.#add(
      to.kind === "worker" ? relayQueue(to.worker) : BOT_RELAY_QUEUE,
      delivery.id,
      delivery,
    );
  }

  /** Sends the result of a try to its reader. */
  async confirm(reader: WorkerId, confirmation: Confirmation): Promise<void> {
    await this.#add(relayQueue(reader), `c.${confirmation.id}`, confirmation);
  }

  /** Sends a reader its routes. */
  async tellRoutes(message: Extract<RelayMessage, { kind: "routes" }>): Promise<void> {
    await this.#add(relayQueue(message.worker), `r.${message.version}`, message);
  }

  /** Tells a sender that no route uses this target any more. */
  async targetGone(sender: WorkerId, message: TargetGone): Promise<void> {
    await this.#add(relayQueue(sender), `g.${message.route}.${message.version}`, message);
  }

  /** Writes the relay status of this worker. */
  async report(status: RelayStatus): Promise<void> {
    const { prefix, wire } = this.#options.place;
    const { worker } = status;
    if (this.#redis.status === "ready")
      await this.#redis.hset(relayKey(prefix), worker, wire.signRow(RELAY_TABLE, worker, status));
  }

  /** True while Redis is connected. */
  get connected(): boolean {
    return this.#redis.status === "ready";
  }

  /** Waits for the current messages, but not for a Redis that is away. */
  async close(): Promise<void> {
    this.#over.abort();
    await withTimeout(
      Promise.all([this.#starting, this.#later]),
      closingMs(this.#redis, CLOSE_MS),
      noAnswer,
    ).catch(() => {});
    if (this.#worker)
      await withTimeout(this.#worker.close(), closingMs(this.#redis, CLOSE_MS), noAnswer).catch(
        () => {},
      );
    const closing = Promise.allSettled([...this.#queues.values()].map((queue) => queue.close()));
    await withTimeout(closing, closingMs(this.#redis, CLOSE_MS), noAnswer).catch(() => {});
    this.#redis.disconnect();
  }

  async #add(name: string, id: string, message: RelayMessage): Promise<void> {
    let queue = this.#queues.get(name);
    if (!queue) {
      queue = new Queue(name, {
        connection: this.#redis,
        prefix: this.#options.place.prefix,
        skipWaitingForReady: true,
      });
      // The connection reports the same error.
      queue.on("error", () => {});
      this.#queues.set(name, queue);
    }
    try {
      const signed = this.#options.place.wire.sign(
        { queue: name, id, name: message.kind },
        message,
      );
      await queue.add(message.kind, signed, { jobId: id, ...JOB });
    } catch (error) {
      // A queue created while Redis was away may stay broken: the next message creates another.
      this.#queues.delete(name);
      queue.close().catch(() => {});
      throw error;
    }
  }
}

function fieldsOf(error: {
  readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly code: string }[];
}): string {
  return error.issues.map((issue) => `${issue.path.join(".")} ${issue.code}`).join(", ");
}
