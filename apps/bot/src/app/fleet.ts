import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Config, loadFleetKey } from "@flotilla/config";
import { fleetKeyId } from "@flotilla/kernel";
import {
  claimFleet,
  fleetPlace,
  keepFleetThere,
  parseFleet,
  type QueuePlace,
} from "@flotilla/queue";
import { z } from "zod";
import type { SettingStore } from "../admins/setting-store.ts";

/** The fleet that this bot is the head of. */
export interface ClaimedFleet {
  readonly place: QueuePlace;
  /**
   * Puts it back into a Redis that came back empty; looks once in 10 s at most. `now` in
   * milliseconds.
   */
  keepThere(now: number): Promise<void>;
}

const LOOK_EVERY_MS = 10_000;

/**
 * Finds or makes the fleet of this data folder (ADR 0010). Throws AppError `wrong-fleet-key`,
 * `fleet-conflict`, `redis-away`.
 */
export async function claim(config: Config, settings: SettingStore): Promise<ClaimedFleet> {
  const fleetKey = loadFleetKey(config.fleetKey, config.dataDir);
  const redis = config.redis?.reveal() ?? "";
  const known = parseFleet(settings.fleet());
  const rekeyedFrom = keysBefore(config.dataDir, fleetKeyId(fleetKey));
  const fleet = await claimFleet({
    redis,
    fleetKey,
    known,
    from01: settings.isUsed(),
    rekeyedFrom,
  });
  settings.keepFleet(fleet);
  let lookedAt = 0;
  return {
    place: fleetPlace({ redis, fleet, fleetKey, dataDir: config.dataDir }),
    keepThere: async (now) => {
      if (now - lookedAt < LOOK_EVERY_MS) return;
      lookedAt = now;
      await keepFleetThere(redis, fleet, fleetKey);
    },
  };
}

/**
 * What `flotilla rekey` wrote down: the ids of the keys that it replaced, when the present one is
 * the last.
 */
function keysBefore(dataDir: string, keyId: string): readonly string[] {
  try {
    const note: unknown = JSON.parse(readFileSync(join(dataDir, "rekeyed.json"), "utf8"));
    const parsed = z.object({ from: z.array(z.string()), to: z.literal(keyId) }).safeParse(note);
    return parsed.data?.from ?? [];
  } catch {
    return [];
  }
}
