import { parcelKey } from "@flotilla/contracts";
import { askOnce } from "./connection.ts";
import type { QueuePlace } from "./place.ts";
import type { Slot } from "./wire.ts";

const ANSWER_MS = 10_000;

/**
 * Takes the sealed bytes of `CommandSender.leaveParcel` for this login out of Redis; null when
 * there are none (any more). Throws AppError `redis-away`.
 */
export async function takeParcel(place: QueuePlace, login: string): Promise<Buffer | null> {
  const signed = await askOnce(place.redis, ANSWER_MS, (redis) =>
    redis.getdelBuffer(parcelKey(place.prefix, login)),
  );
  const parcel = signed && place.wire.openBytes(parcelSlot(login), signed);
  if (signed && !parcel) place.onRefused?.({ queue: "parcel", why: "wrong-signature", times: 1 });
  return parcel;
}

/**
 * Binds a parcel to one login: a program with access to Redis could replace it by its own sealed
 * bytes.
 */
export const parcelSlot = (login: string): Slot => ({ queue: "parcel", id: login, name: "parcel" });
