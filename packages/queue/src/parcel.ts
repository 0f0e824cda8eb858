import { parcelKey } from "@flotilla/contracts";
import { AppError, withTimeout } from "@flotilla/kernel";
import { Redis } from "ioredis";
import { promptOptions } from "./connection.ts";
import type { QueuePlace } from "./send.ts";

const ANSWER_MS = 10_000;

/**
 * Takes what was left for this login with `CommandSender.leaveParcel`, sealed as it is, out of Redis; null when there is none (any more).
 * Throws AppError `redis-away`.
 */
export async function takeParcel(place: QueuePlace, login: string): Promise<Buffer | null> {
  const redis = new Redis({ ...promptOptions(place.url), enableOfflineQueue: true });
  redis.on("error", () => {});
  const late = (): Error => new AppError("redis-away", "Redis did not answer in time. Try again in a moment.");
  try {
    return await withTimeout(redis.getdelBuffer(parcelKey(place.prefix, login)), ANSWER_MS, late);
  } catch (cause) {
    throw cause instanceof AppError
      ? cause
      : new AppError("redis-away", "Redis cannot be reached. Try again in a moment.", { cause });
  } finally {
    redis.disconnect();
  }
}
