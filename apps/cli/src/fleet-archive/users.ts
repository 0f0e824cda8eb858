import { type Manifest, workersIn } from "@flotilla/archive";
import { AppError, parseHostId, parseWorkerId, sleep, systemClock } from "@flotilla/kernel";
import { findInUse, fleetPlace, type InUse, leaseResources } from "@flotilla/queue";
import { assertKeyFree } from "@flotilla/session-store";
import type { Place } from "../place/place.ts";

/** Between two questions: a living holder renews within 5 s. */
const ASK_AGAIN_MS = 500;
/** A hold that is renewed ends later than before; less is the time that Redis takes. */
const RENEWED_MS = 200;

/**
 * Asks the machine and Redis whether a process of the fleet uses something of an archive. A hold
 * whose holder is dead is waited for: it ends within 20 s. Resolves with whether Redis could be
 * asked. Throws AppError `session-owned`, `restore-in-use` with every holder, `redis-away`.
 */
export async function assertUnused(
  place: Place,
  manifest: Manifest,
  fleetKey: Buffer,
): Promise<"asked" | "no-redis"> {
  const owner = {
    configured: place.env.OWNER_DIR ?? null,
    host: place.hostId,
    dataDir: place.dataDir,
  };
  for (const { identity } of manifest.files)
    if (identity) assertKeyFree(owner, identity.fingerprint);
  const redis = place.redis?.reveal();
  const { fleet } = manifest;
  if (redis === undefined || fleet === null) return "no-redis";
  const queues = fleetPlace({ redis, fleet, fleetKey, dataDir: place.dataDir });
  const wanted = {
    resources: manifest.files.flatMap(resourcesOf),
    hosts: [parseHostId(manifest.host)],
  };
  for (const ends = new Map<string, number>(); ; await sleep(ASK_AGAIN_MS)) {
    const found = await findInUse(queues, wanted);
    if (found.length === 0) return "asked";
    if (found.filter((each) => isRenewed(each, ends)).length > 0) throw inUse(found);
  }
}

/** `ends` = when each hold ends, as it was known at the last look; updated. */
function isRenewed({ who, leftMs }: InUse, ends: Map<string, number>): boolean {
  const before = ends.get(who);
  const end = systemClock.monotonicMs() + leftMs;
  ends.set(who, end);
  // Without an end it is held for ever.
  return leftMs < 0 || (before !== undefined && end > before + RENEWED_MS);
}

/** Sessions only: a copy in the vault is used by no process. */
function resourcesOf(file: Manifest["files"][number]): string[] {
  const { fingerprint = null, userId = null } = file.identity ?? {};
  return workersIn({ files: [file] }).flatMap((name) =>
    leaseResources({ worker: parseWorkerId(name), fingerprint, userId }),
  );
}

const MOST_NAMED = 5;

function inUse(found: readonly InUse[]): AppError {
  const more = found.length > MOST_NAMED ? ` and ${found.length - MOST_NAMED} more` : "";
  const who = found.slice(0, MOST_NAMED).map((each) => each.who);
  const text =
    `The fleet of this archive runs: ${who.join("; ")}${more}. Telegram ends a session that two ` +
    "machines use. Stop the old machine for good, then try again. Nothing was changed.";
  return new AppError("restore-in-use", text, { details: { holders: found.length } });
}
