import { existsSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "@flotilla/kernel";
import type { QueuePlace } from "@flotilla/queue";
import type { Place } from "./place.ts";

/**
 * The place in Redis of this data folder's fleet. Throws AppError `not-running` when its own Redis
 * or its key is absent, and what `findFleet` throws.
 */
export async function fleetOnRedis(place: Place): Promise<QueuePlace> {
  const { embeddedRedisUrl, findFleet, fleetPlace } = await import("@flotilla/queue");
  const own = embeddedRedisUrl(join(place.dataDir, "redis"));
  if (!place.redis && !existsSync(own)) throw notRunning("its own Redis is not there");
  const redis = place.redis?.reveal() ?? own;
  if (place.fleetKeyFrom === null) throw notRunning("there is no fleet key yet");
  const fleetKey = place.fleetKey();
  return fleetPlace({
    redis,
    fleetKey,
    fleet: await findFleet({ redis, fleetKey, known: null, waitMs: 0 }),
  });
}

/** The error for a fleet that cannot be asked, with its remedy. */
export function notRunning(reason: string): AppError {
  return new AppError(
    "not-running",
    `The fleet does not run here (${reason}). Start it with: npm start`,
  );
}
