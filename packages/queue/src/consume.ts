import {
  EVENTS_QUEUE,
  FleetEvent,
  HostCommand,
  hostQueue,
  WorkerCommand,
  workerQueue,
} from "@flotilla/contracts";
import { AppError, type HostId, sleep, type WorkerId, withTimeout } from "@flotilla/kernel";
import { type Job, UnrecoverableError, type Worker } from "bullmq";
import type { z } from "zod";
import { closingMs, patientRedis, type RedisClient } from "./connection.ts";
import { asOfHere } from "./deadline.ts";
import { JobsOf01 } from "./jobs-of-0-1.ts";
import type { QueuePlace } from "./place.ts";
import { noAnswer } from "./redis-trouble.ts";
import { SCHEDULES_QUEUE, scheduleOf, Tick } from "./tick.ts";
import { isRedelivered, refuse, TolerantWorker, withoutUnreadable } from "./tolerant-worker.ts";
import { GOOD_FOR_MS, type Opened } from "./wire.ts";

/** A running consumer. `close` waits for the current job. */
export interface Consumer {
  close(): Promise<void>;
}

/** Handler and listeners of a consumer. */
export interface ConsumerOptions<T> {
  readonly place: QueuePlace;
  /**
   * Called once per job, and again for the same job after a crash: it must be idempotent by `id`.
   */
  readonly handle: (payload: T) => Promise<void>;
  /** Receives connection errors and refused payloads; an error never contains a payload. */
  readonly onError: (error: unknown) => void;
  /**
   * Called for a job that is given up: its handler failed, or its consumer crashed with it more
   * than twice. `payload` is null when it is not valid. For telling the sender.
   */
  readonly onFailed?: (payload: T | null, error: Error) => void;
  readonly concurrency?: number;
}

/**
 * Consumes the commands for a host. Handles several at once, so that a slow stop delays no other
 * command. Does not wait for a Redis that is away: commands arrive when it is back.
 */
export async function consumeHostCommands(
  host: HostId,
  options: ConsumerOptions<HostCommand>,
): Promise<Consumer> {
  const { handle } = options;
  const here = {
    ...options,
    handle: async (command: HostCommand, redis: RedisClient) =>
      await handle(await asOfHere(redis, command)),
  };
  return await QueueConsumer.start(hostQueue(host), HostCommand, { concurrency: 20, ...here });
}

/** Consumes the commands for one worker, strictly one after another. */
export async function consumeWorkerCommands(
  worker: WorkerId,
  options: ConsumerOptions<WorkerCommand>,
): Promise<Consumer> {
  const { handle } = options;
  const here = {
    ...options,
    handle: async (command: WorkerCommand, redis: RedisClient) =>
      await handle(await asOfHere(redis, command)),
  };
  return await QueueConsumer.start(workerQueue(worker), WorkerCommand, here);
}

/** Consumes the events of the fleet, strictly in order. */
export async function consumeEvents(options: ConsumerOptions<FleetEvent>): Promise<Consumer> {
  return await QueueConsumer.start(EVENTS_QUEUE, FleetEvent, options);
}

/** A tick of a schedule, as {@link consumeTicks} hands it over. */
export interface DueTick {
  /** Id of the schedule. */
  readonly schedule: string;
  /**
   * The time that it was planned for, in milliseconds since the epoch. Not signed: the handler
   * decides whether the schedule has such a time.
   */
  readonly slot: number;
}

/** Consumes the ticks of this fleet's schedules, one after another; see `Schedules`. */
export async function consumeTicks(options: ConsumerOptions<DueTick>): Promise<Consumer> {
  const { place, handle, onError } = options;
  return await QueueConsumer.start(SCHEDULES_QUEUE, Tick, {
    place,
    onError,
    // BullMQ makes each job from the signed template of its schedule, whatever its age.
    nameOf: (job) => scheduleOf(job.id ?? "")?.schedule ?? "",
    goodForMs: Number.POSITIVE_INFINITY,
    handle: async ({ schedule }, _redis, id) => {
      const slot = scheduleOf(id)?.slot;
      if (slot !== undefined) await handle({ schedule, slot });
    },
  });
}

/**
 * Ids of finished jobs that are remembered. An older job is refused by its deadline, or recognised
 * by its handler.
 */
const REMEMBERED = 5000;
/** Milliseconds that the current job gets at a stop. */
const CLOSE_MS = 3000;
const PROBE_EVERY_MS = 2000;
const PROBE_MS = 2000;
/** Recreate the BullMQ worker after this many consecutive probes that find untaken jobs. */
const STUCK_PROBES = 2;

/** {@link ConsumerOptions} whose handler also gets the connection and the id of the job. */
interface WithRedis<T> extends Omit<ConsumerOptions<T>, "handle"> {
  readonly handle: (payload: T, redis: RedisClient, id: string) => Promise<void>;
  /** The id that the payload is signed for; that of the job when left out. */
  readonly nameOf?: (job: Job) => string;
  /** Greatest age of a payload, in milliseconds. */
  readonly goodForMs?: number;
}

/** Runs one BullMQ worker, and replaces it when it is dead. */
class QueueConsumer<T> implements Consumer {
  readonly #queue: string;
  readonly #schema: z.ZodType<T>;
  readonly #options: WithRedis<T>;
  readonly #over = new AbortController();
  readonly #watching: Promise<unknown>;
  #redis: RedisClient;
  #worker: Worker;
  #inHand = 0;
  #taken = 0;
  readonly #done = new Set<string>();

  /** Moves the jobs of version 0.1 in this queue first. */
  static async start<T>(
    queue: string,
    schema: z.ZodType<T>,
    options: WithRedis<T>,
  ): Promise<Consumer> {
    const before = new JobsOf01(options.place, queue, options.onError);
    await before.takeAlong();
    return new QueueConsumer(queue, schema, options, before);
  }

  private constructor(
    queue: string,
    schema: z.ZodType<T>,
    options: WithRedis<T>,
    before: JobsOf01,
  ) {
    this.#queue = queue;
    this.#schema = schema;
    this.#options = options;
    this.#redis = this.#connect();
    this.#worker = this.#build();
    const later = before.takeAlongLater(() => this.#redis.status === "ready", this.#over.signal);
    this.#watching = Promise.all([this.#watch(), later]);
  }

  /**
   * Waits for the current job, but not for a Redis that is away (a forced close waits for it too):
   * an interrupted job is redelivered at the next start.
   */
  async close(): Promise<void> {
    this.#over.abort();
    await this.#watching;
    await this.#drop(
      this.#worker,
      this.#redis,
      this.#inHand > 0 ? CLOSE_MS : closingMs(this.#redis, CLOSE_MS),
    );
  }

  #connect(): RedisClient {
    const redis = patientRedis(this.#options.place.redis);
    redis.on("error", this.#options.onError);
    return redis;
  }

  #build(): Worker {
    const { place, onError, concurrency } = this.#options;
    // BullMQ counts the parameters of this function to decide what to pass: keep it at one.
    const worker = new TolerantWorker(this.#queue, async (job: Job) => await this.#take(job), {
      connection: this.#redis,
      prefix: place.prefix,
      concurrency: concurrency ?? 1,
      // Detects a killed consumer in less than 5 s; the defaults take a minute.
      lockDuration: 3000,
      stalledInterval: 1500,
      maxStalledCount: 2,
    });
    worker.on("error", withoutUnreadable(this.#redis, place, this.#queue, onError));
    worker.on("failed", (job, error) => {
      onError(error);
      this.#options.onFailed?.(this.#payloadOf(job), error);
    });
    return worker;
  }

  #payloadOf(job: Job | undefined): T | null {
    const opened = job && this.#open(job);
    const parsed = opened?.kind === "signed" ? this.#schema.safeParse(opened.body) : null;
    return parsed?.success ? parsed.data : null;
  }

  async #take(job: Job): Promise<void> {
    this.#taken += 1;
    const { place } = this.#options;
    const opened = this.#open(job);
    if (opened.kind === "refused") return refuse(place, this.#queue, opened.why, job);
    if (!opened.from01) place.before?.gate.close(this.#queue);
    const id = job.id ?? "";
    // BullMQ redelivers a job whose completion was lost; a job that another program added again is
    // refused.
    if (this.#done.has(id))
      return isRedelivered(job) ? undefined : refuse(place, this.#queue, "again", job);
    const parsed = this.#schema.safeParse(opened.body);
    if (!parsed.success)
      throw new UnrecoverableError(
        `refused payload of ${this.#queue}: ` +
          `${parsed.error.issues.map((issue) => `${issue.path.join(".")} ${issue.code}`).join(", ")}`,
      );
    this.#inHand += 1;
    try {
      await this.#options.handle(parsed.data, this.#redis, id);
      this.#remember(id);
    } finally {
      this.#inHand -= 1;
    }
  }

  #open(job: Job): Opened {
    const { place, nameOf, goodForMs = GOOD_FOR_MS } = this.#options;
    const id = nameOf ? nameOf(job) : (job.id ?? "");
    return place.wire.open({ queue: this.#queue, id, name: job.name }, job.data, goodForMs);
  }

  /** A program with access to Redis could add a finished job again. */
  #remember(id: string): void {
    this.#done.add(id);
    for (const old of this.#done) {
      if (this.#done.size <= REMEMBERED) break;
      this.#done.delete(old);
    }
  }

  /**
   * Probes for waiting jobs that are not taken: a connection can be dead unnoticed, and BullMQ's
   * loop can have ended.
   */
  async #watch(): Promise<void> {
    const { signal } = this.#over;
    let stuck = 0;
    for (;;) {
      const before = this.#taken;
      try {
        await sleep(PROBE_EVERY_MS, signal);
      } catch {
        return;
      }
      if (this.#redis.status !== "ready" || this.#inHand > 0 || this.#taken !== before) {
        stuck = 0;
        continue;
      }
      stuck = (await this.#looksStuck()) ? stuck + 1 : 0;
      if (stuck < STUCK_PROBES || signal.aborted) continue;
      stuck = 0;
      this.#rebuild();
    }
  }

  async #looksStuck(): Promise<boolean> {
    const waiting = this.#redis.llen(`${this.#options.place.prefix}:${this.#queue}:wait`);
    try {
      return (await withTimeout(waiting, PROBE_MS, noAnswer)) > 0 || !this.#worker.isRunning();
    } catch {
      return true;
    }
  }

  #rebuild(): void {
    this.#options.onError(
      new AppError(
        "consumer-dead",
        `The jobs of ${this.#queue} were not taken: its consumer was recreated.`,
      ),
    );
    const [worker, redis] = [this.#worker, this.#redis];
    this.#redis = this.#connect();
    this.#worker = this.#build();
    void this.#drop(worker, redis, CLOSE_MS);
  }

  async #drop(worker: Worker, redis: RedisClient, waitMs: number): Promise<void> {
    await withTimeout(worker.close(), waitMs, noAnswer).catch(() => {});
    redis.disconnect();
  }
}
