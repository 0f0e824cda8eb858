import type { Clock } from "@flotilla/kernel";
import type { Redis } from "ioredis";
import { redisTime } from "./deadline.ts";

/** Differences are whole seconds, so that the same row read twice says the same. */
const STEP_MS = 1000;

/** What a row is kept with: when it was told, by the clock of Redis. Absent when Redis did not say, and in rows of older versions. */
interface Told {
  readonly toldAt?: number;
}

/** How far this process's clock is ahead of the one of Redis, in milliseconds; null: Redis does not say. Never rejects. */
export async function aheadOf(redis: Redis, clock: Clock): Promise<number | null> {
  const time = await redisTime(redis);
  return time === null ? null : Math.round((clock.now() - time) / STEP_MS) * STEP_MS;
}

/** For who writes a row: `at`, which is by the clock here, by the clock of Redis. */
export function toldAt(at: number, ahead: number | null): Told {
  return ahead === null ? {} : { toldAt: at - ahead };
}

/** For who reads it: when it was told by the clock here, whatever the writer's clock says (field fault F17). `at` is the writer's own. */
export function heardAt({ toldAt: told }: Told, at: number, ahead: number | null): number {
  return told === undefined || ahead === null ? at : told + ahead;
}
