import { parcelKey } from "@flotilla/contracts";
import { askOnce } from "./connection.ts";
import type { QueuePlace } from "./place.ts";

const ANSWER_MS = 10_000;

/**
 * Takes what was left for this login with `CommandSender.leaveParcel`, sealed as it is, out of Redis; null when there is none (any more).
 * Throws AppError `redis-away`.
 */
export async function takeParcel(place: QueuePlace, login: string): Promise<Buffer | null> {
  return await askOnce(place.url, ANSWER_MS, (redis) => redis.getdelBuffer(parcelKey(place.prefix, login)));
}
