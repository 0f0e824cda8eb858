import { join } from "node:path";
import type { Config } from "@flotilla/config";
import type { WorkerId } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import { findOtherOwner, type QueuePlace, takeParcel, type Wanted } from "@flotilla/queue";
import type { SessionStore } from "@flotilla/session-store";
import { ForeignSession, type ForeignSessionDeps } from "./foreign-session.ts";

/** Asks the fleet who else has a key or an account; see `ForeignSessionDeps.ownerElsewhere`. */
export type FleetLook = (of: Pick<Wanted, "fingerprint" | "userId">) => Promise<string | null>;

/**
 * Makes the question. A Redis that is away is no answer: where the kernel's lock is all there is (`HOSTS=one`) the folder of the sessions has
 * told already, and nothing stops; with several hosts it rejects with AppError `redis-away`.
 */
export function fleetLook(
  worker: WorkerId,
  place: QueuePlace,
  { config, log }: { readonly config: Config; readonly log: Logger },
): FleetLook {
  return async (of) => {
    try {
      const other = await findOtherOwner(place, { host: config.hostId, worker, ...of });
      return other && (other.host === config.hostId ? other.worker : `${other.worker} (${other.host})`);
    } catch (error) {
      if (config.supervision.hosts !== "one") throw error;
      log.warn({ err: error }, "the fleet could not be asked who has this account");
      return null;
    }
  };
}

interface ForeignParts extends Pick<ForeignSessionDeps, "fleetKey" | "ownerElsewhere"> {
  readonly store: SessionStore;
  readonly place: QueuePlace;
  readonly config: Config;
}

/** Sessions of other programs that come by way of the chat. */
export function foreignSession({ place, config, ...parts }: ForeignParts): ForeignSession {
  return new ForeignSession({
    ...parts,
    dir: join(config.dataDir, "sessions"),
    server: config.mtproto.kind === "custom" ? "custom" : "telegram",
    apiId: config.apiId,
    take: (loginId) => takeParcel(place, loginId),
  });
}
