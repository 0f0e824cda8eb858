import { EVENTS_QUEUE, type FleetEvent } from "@flotilla/contracts";
import { AppError, sleep, toError, withTimeout } from "@flotilla/kernel";
import { Queue } from "bullmq";
import { closingMs, patientRedis, type RedisClient } from "./connection.ts";
import { type BacklogLimits, EventBacklog } from "./event-backlog.ts";
import type { QueuePlace } from "./place.ts";
import { noAnswer, troubleOf } from "./redis-trouble.ts";

/** Milliseconds that a stop waits for Redis. */
const CLOSE_MS = 1500;
const KEEP = { removeOnComplete: { count: 500 }, removeOnFail: { count: 500 } } as const;
/** Milliseconds before an event that Redis refused is retried, for example on a full disk. */
const RETRY_MS = 500;
/**
 * A refusal by a reachable Redis with a reason unknown to {@link troubleOf}: `NOREPLICAS`,
 * `CLUSTERDOWN`.
 */
const REFUSED_BY_REDIS = /^[A-Z]{4,} /;
/**
 * Tries after which an event with any other error is dropped: the error is a bug, and the events
 * behind must not wait for it.
 */
const MOST_TRIES = 5;

/** Milliseconds after which an unsent event is written to disk, where a place is set. */
const LATE_MS = 250;

/** A place on disk for waiting events. Its errors are reported and stop no publishing. */
export interface KeptEvents {
  /** Events that an earlier process could not publish, oldest first. */
  all(): readonly FleetEvent[];
  add(event: FleetEvent): void;
  remove(event: FleetEvent): void;
  /** Replaces the stored events by these. */
  replace(events: readonly FleetEvent[]): void;
}

/**
 * Publishes events in the order of the calls, each once. Waits for a Redis that is away or refuses
 * writes. The waiting events are bounded ({@link EventBacklog}); `onError` gets the number of
 * dropped ones (AppError `events-dropped`).
 */
export class EventPublisher {
  readonly #redis: RedisClient;
  readonly #queue: Queue;
  readonly #place: QueuePlace;
  readonly #onError: (error: unknown) => void;
  readonly #backlog: EventBacklog;
  readonly #over = new AbortController();
  #running: Promise<void> | null = null;
  #sending: FleetEvent | null = null;
  #kept: KeptEvents | null = null;
  /** True = the waiting events are on disk too. */
  #isKept = false;

  constructor(place: QueuePlace, onError: (error: unknown) => void, limits?: BacklogLimits) {
    this.#place = place;
    this.#onError = onError;
    this.#backlog = new EventBacklog(limits);
    this.#redis = patientRedis(place.redis);
    this.#redis.on("error", onError);
    this.#queue = new Queue(EVENTS_QUEUE, { connection: this.#redis, prefix: place.prefix });
    // The connection reports the same error.
    this.#queue.on("error", () => {});
  }

  /** Queues one event behind the earlier ones. */
  publish(event: FleetEvent): void {
    const madeRoom = this.#backlog.push(event);
    if (this.#isKept)
      this.#onDisk((kept) => (madeRoom ? kept.replace(this.#left()) : kept.add(event)));
    this.#running ??= this.#sendAll();
  }

  /**
   * Publishes the events that an earlier process left in `place`, and from now on stores there
   * every event that Redis does not get at once (field fault G9): delivery is at least once.
   * Dispose before the place is closed.
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

  /** The events that are not in Redis yet, oldest first. */
  #left(): FleetEvent[] {
    return [...(this.#sending ? [this.#sending] : []), ...this.#backlog.all()];
  }

  /** Number of waiting events, without the one being sent. */
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

  /**
   * Waits briefly for the published events. With Redis away, events that are not on disk are lost,
   * and the connection ends with the process.
   */
  async close(): Promise<void> {
    await this.#settle();
    this.#over.abort();
    await withTimeout(this.#queue.close(), closingMs(this.#redis, CLOSE_MS), noAnswer).catch(
      () => {},
    );
    this.#redis.disconnect();
  }

  /** Sends one event after another: an event leaves the backlog when Redis has the one before. */
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

  /** The job has the event's id, so that a retry after a lost answer adds no second job. */
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
        const isRefused =
          troubleOf(error) !== "away" || REFUSED_BY_REDIS.test(toError(error).message);
        const isRedis = this.#redis.status !== "ready" || isRefused;
        if (!isRedis && tries >= MOST_TRIES) return;
        await sleep(RETRY_MS, signal).catch(() => {});
      }
    }
  }
}

function tooMany(dropped: number): AppError {
  const text =
    `Redis was away for long: ${dropped} events were dropped, because newer ones replace them ` +
    "or there was no room.";
  return new AppError("events-dropped", text, { details: { dropped } });
}
