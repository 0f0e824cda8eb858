import { parcelKey } from "@flotilla/contracts";
import { askOnce } from "./connection.ts";
import type { QueuePlace } from "./place.ts";
import type { Slot } from "./wire.ts";

const ANSWER_MS = 10_000;

/**
 * Takes what was left for this login with `CommandSender.leaveParcel`, sealed as it is, out of Redis; null when there is none (any more).
 * Throws AppError `redis-away`.
 */
export async function takeParcel(place: QueuePlace, login: string): Promise<Buffer | null> {
  const signed = await askOnce(place.url, ANSWER_MS, (redis) => redis.getdelBuffer(parcelKey(place.prefix, login)));
  const parcel = signed && place.wire.openBytes(parcelSlot(login), signed);
  if (signed && !parcel) place.onRefused?.({ queue: "parcel", why: "wrong-signature", times: 1 });
  return parcel;
}

/** A parcel is for one login: a program with access to Redis could put its own in the place, sealed as well as ours. */
export const parcelSlot = (login: string): Slot => ({ queue: "parcel", id: login, name: "parcel" });
