import type { Sent } from "@flotilla/contracts";
import { type Clock, systemClock, withTimeout } from "@flotilla/kernel";
import type { Redis } from "ioredis";
import { askOnce } from "./connection.ts";
import type { QueuePlace } from "./place.ts";

/** A Redis that does not say what time it is by then is not waited for. */
const ANSWER_MS = 1000;

/** What time it is by the clock of Redis, in milliseconds since the epoch: the one clock that all processes of a fleet can see. Null: it does not say. */
export async function redisTime(redis: Redis): Promise<number | null> {
  try {
    const [seconds, micros] = await withTimeout(redis.time(), ANSWER_MS, () => new Error("no answer"));
    const time = Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
    return Number.isFinite(time) ? time : null;
  } catch {
    return null;
  }
}

/** How far the clock of this process is ahead of the one of Redis, in milliseconds (less than 0: behind). Null: Redis does not say. */
export async function aheadOfRedis(place: Pick<QueuePlace, "url">, clock: Clock = systemClock): Promise<number | null> {
  try {
    return await askOnce(place.url, ANSWER_MS, async (redis) => {
      await redis.ping();
      const asked = clock.monotonicMs();
      const time = await redisTime(redis);
      // The answer is from the middle of the time that it took.
      return time === null ? null : clock.now() - (clock.monotonicMs() - asked) / 2 - time;
    });
  } catch {
    return null;
  }
}

/** What has a deadline. */
interface WithDeadline {
  readonly askedAt: number;
  readonly deadlineAt: number;
  readonly sent?: Sent;
}

/** The command with the time at which it goes into Redis, by the clock of Redis, and how long it is good for from then on. */
export async function stamped<C extends WithDeadline>(redis: Redis, command: C): Promise<C> {
  const at = await redisTime(redis);
  return at === null ? command : { ...command, sent: { at, goodForMs: Math.max(0, command.deadlineAt - command.askedAt) } };
}

/**
 * The command with its deadline by the clock of this process: what is left by the clock of Redis. Clocks of sender and taker may be days apart. Commands of
 * version 0.1, and what a Redis says no time for, keep the deadline that they came with.
 */
export async function asOfHere<C extends WithDeadline>(redis: Redis, command: C, clock: Clock = systemClock): Promise<C> {
  if (!command.sent) return command;
  const now = await redisTime(redis);
  if (now === null) return command;
  const leftMs = command.sent.goodForMs - (now - command.sent.at);
  return { ...command, deadlineAt: clock.now() + leftMs };
}
