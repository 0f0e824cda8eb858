import type { Clock } from "@flotilla/kernel";
import type { RedisClient } from "./connection.ts";
import { redisTime } from "./deadline.ts";

/** Differences are rounded to whole seconds, so that a row gives the same result each time. */
const STEP_MS = 1000;

/**
 * Write time of a row by the clock of Redis. Absent when Redis did not report it, and in rows of
 * older versions.
 */
interface Told {
  readonly toldAt?: number;
}

/**
 * Milliseconds by which this process's clock is ahead of Redis; null = Redis does not answer. Never
 * rejects.
 */
export async function aheadOf(redis: RedisClient, clock: Clock): Promise<number | null> {
  const time = await redisTime(redis);
  if (time === null) return null;
  return Math.round((clock.now() - time) / STEP_MS) * STEP_MS;
}

/** For a writer: converts `at` from its own clock to the clock of Redis. */
export function toldAt(at: number, ahead: number | null): Told {
  return ahead === null ? {} : { toldAt: at - ahead };
}

/**
 * For a reader: the write time by its own clock, whatever the writer's clock says (field fault
 * F17). `at` is the writer's own.
 */
export function heardAt({ toldAt: told }: Told, at: number, ahead: number | null): number {
  if (told === undefined || ahead === null) return at;
  return told + ahead;
}
