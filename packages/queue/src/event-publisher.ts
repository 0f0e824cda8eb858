import { EVENTS_QUEUE, type FleetEvent } from "@flotilla/contracts";
import { AppError, sleep, toError, withTimeout } from "@flotilla/kernel";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { closingMs, patientOptions } from "./connection.ts";
import { type BacklogLimits, EventBacklog } from "./event-backlog.ts";
import type { QueuePlace } from "./place.ts";
import { noAnswer, troubleOf } from "./redis-trouble.ts";

/** A stop must not wait for a Redis that is away. */
const CLOSE_MS = 1500;
const KEEP = { removeOnComplete: { count: 500 }, removeOnFail: { count: 500 } } as const;
/** Between two tries of an event that Redis did not take, such as one on a full disk. */
const RETRY_MS = 500;
/** Redis is there and takes nothing now, for a reason that {@link troubleOf} does not know: `NOREPLICAS`, `CLUSTERDOWN`. */
const REFUSED_BY_REDIS = /^[A-Z]{4,} /;
/** An event that fails for any other reason is a bug, and would hold up those behind it for ever. */
const MOST_TRIES = 5;

/** What Redis has not got after so long is kept on disk, where there is a place for it. */
const LATE_MS = 250;

/** A place on disk for events that wait. What it throws is told, and stops nothing. */
export interface KeptEvents {
  /** What an earlier process could not tell, oldest first. */
  all(): readonly FleetEvent[];
  add(event: FleetEvent): void;
  remove(event: FleetEvent): void;
  /** Keeps these, and no others. */
  replace(events: readonly FleetEvent[]): void;
}

/**
 * Publishes events in the order of the calls, each once. Waits for a Redis that is away, or that takes nothing; what waits is bounded ({@link EventBacklog}),
 * and how many were not told is told to `onError` (AppError `events-dropped`).
 */
export class EventPublisher {
  readonly #redis: Redis;
  readonly #queue: Queue;
  readonly #place: QueuePlace;
  readonly #onError: (error: unknown) => void;
  readonly #backlog: EventBacklog;
  readonly #over = new AbortController();
  #running: Promise<void> | null = null;
  #sending: FleetEvent | null = null;
  #kept: KeptEvents | null = null;
  /** What waits is on disk as well. */
  #isKept = false;

  constructor(place: QueuePlace, onError: (error: unknown) => void, limits?: BacklogLimits) {
    this.#place = place;
    this.#onError = onError;
    this.#backlog = new EventBacklog(limits);
    this.#redis = new Redis(patientOptions(place.url));
    this.#redis.on("error", onError);
    this.#queue = new Queue(EVENTS_QUEUE, { connection: this.#redis, prefix: place.prefix });
    // The same error is reported by the connection itself.
    this.#queue.on("error", () => {});
  }

  /** Queues one event behind those before it. */
  publish(event: FleetEvent): void {
    const madeRoom = this.#backlog.push(event);
    if (this.#isKept) this.#onDisk((kept) => (madeRoom ? kept.replace(this.#left()) : kept.add(event)));
    this.#running ??= this.#sendAll();
  }

  /**
   * Publishes what an earlier process left there, and keeps there from now on what Redis does not get at once (field fault G9): it is
   * told at least once. Dispose before that place is closed.
   */
  keepIn(place: KeptEvents): AsyncDisposable {
    this.#kept = place;
    this.#onDisk((kept) => {
      for (const event of kept.all()) this.#backlog.push(event);
      this.#isKept = this.#backlog.size > 0;
    });
    if (this.#isKept) this.#running ??= this.#sendAll();
    return {
      [Symbol.asyncDispose]: async () => {
        await this.#settle();
        if (this.#left().length > 0) this.#keepLeft();
        this.#kept = null;
      },
    };
  }

  #onDisk(work: (kept: KeptEvents) => void): void {
    try {
      if (this.#kept) work(this.#kept);
    } catch (error) {
      this.#onError(error);
    }
  }

  #keepLeft(): void {
    this.#isKept = true;
    this.#onDisk((kept) => kept.replace(this.#left()));
  }

  /** What Redis has not got, oldest first. */
  #left(): FleetEvent[] {
    return [...(this.#sending ? [this.#sending] : []), ...this.#backlog.all()];
  }

  /** How many events wait, besides the one that is being sent. */
  get waiting(): number {
    return this.#backlog.size;
  }

  /** Resolves when everything published so far is in Redis. */
  async flush(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #settle(): Promise<void> {
    await withTimeout(this.flush(), closingMs(this.#redis, CLOSE_MS), noAnswer).catch(() => {});
  }

  /** Waits a moment for what was published; with Redis away, what is left and not kept is lost, and the connection ends with the process. */
  async close(): Promise<void> {
    await this.#settle();
    this.#over.abort();
    await withTimeout(this.#queue.close(), closingMs(this.#redis, CLOSE_MS), noAnswer).catch(() => {});
    this.#redis.disconnect();
  }

  /** One after the other: the next one leaves the backlog when Redis has the one before. */
  async #sendAll(): Promise<void> {
    for (let event = this.#backlog.shift(); event; event = this.#backlog.shift()) {
      this.#sending = event;
      const late = setTimeout(() => this.#keepLeft(), LATE_MS);
      late.unref();
      await this.#send(event);
      clearTimeout(late);
      if (this.#over.signal.aborted) break;
      this.#sending = null;
      if (this.#isKept) this.#onDisk((kept) => kept.remove(event));
      const dropped = this.#backlog.takeDropped();
      if (dropped > 0) this.#onError(tooMany(dropped));
    }
    if (this.#sending === null) this.#isKept = false;
    this.#running = null;
  }

  /** The id of the job is that of the event: one that got there before the answer was lost is not added again. */
  async #send(event: FleetEvent): Promise<void> {
    const { id, kind } = event;
    const { signal } = this.#over;
    for (let tries = 1; !signal.aborted; tries++) {
      try {
        const signed = this.#place.wire.sign({ queue: EVENTS_QUEUE, id, name: kind }, event);
        await this.#queue.add(kind, signed, { jobId: id, ...KEEP });
        return;
      } catch (error) {
        this.#onError(error);
        const isRefused = troubleOf(error) !== "away" || REFUSED_BY_REDIS.test(toError(error).message);
        const isRedis = this.#redis.status !== "ready" || isRefused;
        if (!isRedis && tries >= MOST_TRIES) return;
        await sleep(RETRY_MS, signal).catch(() => {});
      }
    }
  }
}

function tooMany(dropped: number): AppError {
  const text = `Redis was away for long: ${dropped} events were not told, because newer ones say the same, or there was no room for them.`;
  return new AppError("events-dropped", text, { details: { dropped } });
}
