import { existsSync, lstatSync } from "node:fs";
import { join } from "node:path";
import { archivesIn } from "@flotilla/archive";
import type { Config } from "@flotilla/config";
import { AppError } from "@flotilla/kernel";
import type { Database } from "@flotilla/sqlite";
import { isDamage, openControlDb } from "../kit/control-db.ts";

/** Why the bot has no `control.db` that it can use, although an owner may want the former one. */
export interface Loss {
  readonly kind: "damaged" | "missing";
  readonly path: string;
  /** An error code; empty for a missing file. */
  readonly code: string;
  /** The last change of the damaged file; null = it is not there. Milliseconds since the epoch. */
  readonly changedAt: number | null;
}

/**
 * Opens `control.db`; or says what is the matter with one that only an owner can decide about: it is
 * damaged, or it is missing while archives of this host are there. Without an archive a missing one
 * is made: nothing of it can come back. Throws as `openControlDb` for all else, such as a newer
 * schema, or a folder that cannot be written.
 */
export function openOrLoss({ dataDir, backup, hostId }: Place): Database | Loss {
  const path = join(dataDir, "control.db");
  const folder = archiveFolder({ dataDir, backup, hostId });
  if (!existsSync(path) && archivesIn(folder, hostId).length > 0)
    return { kind: "missing", path, code: "", changedAt: null };
  try {
    return openControlDb(path);
  } catch (error) {
    if (!(error instanceof AppError) || !(isDamage(error) || isNoFile(path))) throw error;
    return { kind: "damaged", path, code: error.code, changedAt: changedAt(path) };
  }
}

type Place = Pick<Config, "dataDir" | "backup" | "hostId">;

/** Whether a supervisor has this data folder too: it makes the archives then. */
export function isSupervised({ dataDir }: Pick<Config, "dataDir">): boolean {
  return existsSync(join(dataDir, "host.db"));
}

/**
 * Where a bot whose folder has no supervisor keeps its archives: apart from those of a host, also
 * where BACKUP_DIR is the same. Each keeps BACKUP_KEEP.
 */
export function ownFolder({ backup }: Pick<Config, "backup">): string {
  return join(backup.dir, "bot");
}

/** Where the archives with the `control.db` of this data folder are. */
export function archiveFolder(place: Place): string {
  const own = ownFolder(place);
  const isOwn = !isSupervised(place) && archivesIn(own, place.hostId).length > 0;
  return isOwn ? own : place.backup.dir;
}

/** True for a {@link Loss}. */
export function isLoss(found: Database | Loss): found is Loss {
  return "kind" in found;
}

/** A folder, or a link that leads nowhere. */
function isNoFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function changedAt(path: string): number {
  const times = [path, `${path}-wal`].map(
    (each) => lstatSync(each, { throwIfNoEntry: false })?.mtimeMs ?? 0,
  );
  return Math.round(Math.max(...times));
}
