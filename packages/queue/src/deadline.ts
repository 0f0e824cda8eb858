import type { Sent } from "@flotilla/contracts";
import { type Clock, systemClock, withTimeout } from "@flotilla/kernel";
import { askOnce, type RedisClient } from "./connection.ts";
import type { QueuePlace } from "./place.ts";

/** Milliseconds to wait for the time of Redis. */
const ANSWER_MS = 1000;

/**
 * Time of Redis in milliseconds since the epoch: the one clock that all processes of a fleet can
 * read. Null = Redis does not answer.
 */
export async function redisTime(redis: RedisClient): Promise<number | null> {
  try {
    const [seconds, micros] = await withTimeout(
      redis.time(),
      ANSWER_MS,
      () => new Error("no answer"),
    );
    const time = Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
    return Number.isFinite(time) ? time : null;
  } catch {
    return null;
  }
}

/**
 * Milliseconds by which the clock of this process is ahead of Redis (negative = behind). Null =
 * Redis does not answer.
 */
export async function aheadOfRedis(
  place: Pick<QueuePlace, "redis">,
  clock: Clock = systemClock,
): Promise<number | null> {
  try {
    return await askOnce(place.redis, ANSWER_MS, async (redis) => {
      await redis.ping();
      const asked = clock.monotonicMs();
      const time = await redisTime(redis);
      // The time of the answer is taken as the middle of the round trip.
      if (time === null) return null;
      return clock.now() - (clock.monotonicMs() - asked) / 2 - time;
    });
  } catch {
    return null;
  }
}

/** A command with a deadline, as far as the deadline needs it. */
interface WithDeadline {
  readonly askedAt: number;
  readonly deadlineAt: number;
  readonly sent?: Sent;
}

/**
 * Adds to the command its send time by the clock of Redis, and how long it is valid from then on.
 */
export async function stamped<C extends WithDeadline>(redis: RedisClient, command: C): Promise<C> {
  const at = await redisTime(redis);
  if (at === null) return command;
  return { ...command, sent: { at, goodForMs: Math.max(0, command.deadlineAt - command.askedAt) } };
}

/**
 * The command with its deadline by the clock of this process, computed from the time left by the
 * clock of Redis: the clocks of sender and consumer may differ by days. Keeps the given deadline
 * for commands of version 0.1, and when Redis does not report its time.
 */
export async function asOfHere<C extends WithDeadline>(
  redis: RedisClient,
  command: C,
  clock: Clock = systemClock,
): Promise<C> {
  if (!command.sent) return command;
  const now = await redisTime(redis);
  if (now === null) return command;
  const leftMs = command.sent.goodForMs - (now - command.sent.at);
  return { ...command, deadlineAt: clock.now() + leftMs };
}
