import { AppError, type Clock, systemClock, toError } from "@flotilla/kernel";
import { getNextMillis, type JobSchedulerJson, Queue } from "bullmq";
import type { QueuePlace } from "./place.ts";
import { PromptRedis } from "./prompt-redis.ts";
import type { RedisTrouble } from "./redis-trouble.ts";
import { SCHEDULES_QUEUE, TICK, Tick } from "./tick.ts";

/** When a schedule is due: at a cron pattern in a zone that Intl takes, or from time to time. */
export type Timing =
  | { readonly kind: "cron"; readonly pattern: string; readonly zone: string }
  | { readonly kind: "every"; readonly everyMs: number };

/** A schedule that is to tick. */
export interface WantedSchedule {
  /** `a-z`, `0-9` and `-`, at most 40. */
  readonly id: string;
  readonly timing: Timing;
  /** Times up to this one are over. Milliseconds since the epoch. */
  readonly after: number;
}

/** A schedule as Redis has it. */
export interface Planned {
  readonly id: string;
  readonly timing: Timing;
  /** The next tick, in milliseconds since the epoch; null = none is planned. */
  readonly next: number | null;
}

/** A plan that is later than it should be by more than this was made by a clock that was ahead. */
const AHEAD_MS = 60_000;
/** A tick that no consumer takes in this time is lost. */
const LOST_MS = 120_000;
/** More fields than minute, hour, day, month and weekday would be seconds: too often for a fleet. */
const FIELDS = 5;
/** A schedule ticks at most once in this time. */
const MIN_GAP_MS = 5 * 60_000;

/**
 * The first time of a timing after `after`, in milliseconds since the epoch; null = there is none.
 * At a cron pattern the clocks of its zone count: a time that they skip in spring is moved, and one
 * that comes twice in autumn is due once. Throws AppError `bad-schedule`.
 */
export function nextRun(timing: Timing, after: number): number | null {
  if (timing.kind === "every") return after + timing.everyMs;
  return nextOf(timing, after);
}

/**
 * Checks a cron pattern as people write it. Throws AppError `bad-schedule`, whose message says
 * what is wrong with it.
 */
export function cronTiming(
  text: string,
  zone: string,
  now: number,
): Extract<Timing, { kind: "cron" }> {
  const pattern = text.trim().replace(/\s+/g, " ");
  const count = pattern.split(" ").length;
  if (!pattern.startsWith("@") && count !== FIELDS)
    throw bad(pattern, `It has ${count} of ${FIELDS} fields: minute, hour, day, month, weekday.`);
  const timing = { kind: "cron", pattern, zone } as const;
  const first = nextOf(timing, now);
  const second = first === null ? null : nextOf(timing, first);
  if (first === null) throw bad(pattern, "It never comes.");
  if (second !== null && second - first < MIN_GAP_MS)
    throw bad(pattern, "It comes more often than every 5 minutes.");
  return timing;
}

/** Whether `slot` is a time of this timing after `after`. Throws AppError `bad-schedule`. */
export function isSlot(timing: Timing, slot: number, after: number): boolean {
  if (slot <= after) return false;
  if (timing.kind === "cron") return nextOf(timing, slot - 1) === slot;
  return slot - after >= timing.everyMs - AHEAD_MS;
}

function nextOf(
  { pattern, zone }: Extract<Timing, { kind: "cron" }>,
  after: number,
): number | null {
  try {
    return getNextMillis(after, { pattern, tz: zone }) ?? null;
  } catch (error) {
    throw bad(pattern, toError(error).message);
  }
}

function bad(pattern: string, why: string): AppError {
  return new AppError("bad-schedule", why.slice(0, 200), { details: { pattern } });
}

/**
 * The schedules of the fleet as BullMQ's job schedulers: Redis plans one tick ahead for each, so
 * ticks that were missed come as one. `consumeTicks` takes them. Redis may forget them at any time:
 * {@link Schedules.keep} puts back what its caller wants. Every method rejects within a second per
 * schedule, with AppError `redis-away`, when Redis does not answer.
 */
export class Schedules {
  readonly #place: QueuePlace;
  readonly #redis: PromptRedis;
  readonly #clock: Clock;
  #queue: Queue | null = null;

  constructor(place: QueuePlace, onError: (error: unknown) => void, clock: Clock = systemClock) {
    this.#place = place;
    this.#clock = clock;
    this.#redis = new PromptRedis(place.redis, onError);
  }

  /**
   * Plans what is wanted and not planned so, and removes everything else. A plan of a clock that
   * was ahead, one that lost its tick, and one that this fleet has not signed are replaced.
   */
  async keep(wanted: readonly WantedSchedule[]): Promise<void> {
    const planned = new Map((await this.list()).map((each) => [each.id, each]));
    for (const id of planned.keys())
      if (!wanted.some((each) => each.id === id)) await this.#remove(id);
    for (const each of wanted) {
      const there = planned.get(each.id);
      if (there && this.#holds(there, each)) continue;
      if (there) await this.#remove(each.id);
      await this.#plan(each);
    }
  }

  /** Every schedule in Redis; one that this fleet has not signed has no next tick. */
  async list(): Promise<Planned[]> {
    const found = await this.#ask((queue) => queue.getJobSchedulers());
    return found.map((each) => ({
      id: each.key,
      timing: timingOf(each),
      next: this.#isSigned(each) ? (each.next ?? null) : null,
    }));
  }

  /** Problem of Redis, by its connection and the last question; null = none. */
  get trouble(): RedisTrouble | null {
    return this.#redis.trouble;
  }

  async close(): Promise<void> {
    await this.#queue?.close().catch(() => {});
    this.#redis.close();
  }

  #holds({ timing, next }: Planned, wanted: WantedSchedule): boolean {
    const now = this.#clock.now();
    if (next === null || now - next > LOST_MS || !isSame(timing, wanted.timing)) return false;
    const due = nextRun(wanted.timing, Math.max(now, wanted.after)) ?? next;
    const isEarly = timing.kind === "every" && next < wanted.after + timing.everyMs - AHEAD_MS;
    return next <= due + AHEAD_MS && !isEarly;
  }

  async #plan({ id, timing, after }: WantedSchedule): Promise<void> {
    const { wire } = this.#place;
    const tick: Tick = { v: 1, schedule: id };
    const data = wire.sign({ queue: SCHEDULES_QUEUE, id, name: TICK }, tick);
    const template = {
      name: TICK,
      data,
      opts: { removeOnComplete: { count: 20 }, removeOnFail: { count: 20 } },
    };
    const now = this.#clock.now();
    const repeat =
      timing.kind === "cron"
        ? { pattern: timing.pattern, tz: timing.zone }
        : // Without a start BullMQ ticks at once.
          { every: timing.everyMs, startDate: Math.max(now + 1000, after + timing.everyMs) };
    await this.#ask((queue) => queue.upsertJobScheduler(id, repeat, template));
  }

  async #remove(id: string): Promise<void> {
    await this.#ask((queue) => queue.removeJobScheduler(id));
  }

  #isSigned({ key, template }: JobSchedulerJson): boolean {
    const slot = { queue: SCHEDULES_QUEUE, id: key, name: TICK };
    const opened = this.#place.wire.open(slot, template?.data, Number.POSITIVE_INFINITY);
    return opened.kind === "signed" && Tick.safeParse(opened.body).data?.schedule === key;
  }

  async #ask<T>(question: (queue: Queue) => Promise<T>): Promise<T> {
    try {
      return await this.#redis.ask(() => question(this.#open()));
    } catch (error) {
      // A queue made while Redis was away stays broken.
      this.#queue?.close().catch(() => {});
      this.#queue = null;
      throw error;
    }
  }

  #open(): Queue {
    if (this.#queue) return this.#queue;
    this.#queue = new Queue(SCHEDULES_QUEUE, {
      connection: this.#redis.redis,
      prefix: this.#place.prefix,
      skipWaitingForReady: true,
    });
    // The connection reports the same error.
    this.#queue.on("error", () => {});
    return this.#queue;
  }
}

function timingOf({ pattern, every, tz }: JobSchedulerJson): Timing {
  if (pattern !== undefined) return { kind: "cron", pattern, zone: tz ?? "" };
  return { kind: "every", everyMs: Number(every ?? 0) };
}

function isSame(one: Timing, other: Timing): boolean {
  if (one.kind === "cron")
    return other.kind === "cron" && one.pattern === other.pattern && one.zone === other.zone;
  return other.kind === "every" && one.everyMs === other.everyMs;
}
