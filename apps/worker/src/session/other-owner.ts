import { join } from "node:path";
import type { Config } from "@flotilla/config";
import type { WorkerId } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import { findOtherOwner, type QueuePlace, takeParcel, type Wanted } from "@flotilla/queue";
import type { SessionStore } from "@flotilla/session-store";
import { ForeignSession, type ForeignSessionDeps } from "./foreign-session.ts";

/** Finds the other worker of the fleet that has a key or an account; null when there is none. */
export type FindOtherOwner = (of: Pick<Wanted, "fingerprint" | "userId">) => Promise<string | null>;

/**
 * Looks for another owner in Redis. When Redis is away: null with `HOSTS=one`, where the session
 * folder was checked before; with several hosts it rejects with AppError `redis-away`.
 */
export function otherOwnerFinder(
  worker: WorkerId,
  place: QueuePlace,
  { config, log }: { readonly config: Config; readonly log: Logger },
): FindOtherOwner {
  return async (of) => {
    try {
      const other = await findOtherOwner(place, { host: config.hostId, worker, ...of });
      return (
        other && (other.host === config.hostId ? other.worker : `${other.worker} (${other.host})`)
      );
    } catch (error) {
      if (config.supervision.hosts !== "one") throw error;
      log.warn({ err: error }, "Redis could not be asked for another owner of this account");
      return null;
    }
  };
}

interface ForeignParts extends Pick<ForeignSessionDeps, "fleetKey" | "ownerElsewhere"> {
  readonly store: SessionStore;
  readonly place: QueuePlace;
  readonly config: Config;
}

/** Builds the import of sessions that admins send in the chat. */
export function foreignSession({ place, config, ...parts }: ForeignParts): ForeignSession {
  return new ForeignSession({
    ...parts,
    dir: join(config.dataDir, "sessions"),
    server: config.mtproto.kind === "custom" ? "custom" : "telegram",
    apiId: config.apiId,
    take: (loginId) => takeParcel(place, loginId),
  });
}
