import { copyFileSync, existsSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import { syncFile, syncFolder } from "@flotilla/kernel";
import { type Database, openDatabase } from "@flotilla/sqlite";
import { COMPANIONS, linkOrCopy, scratchIn, withPrivateTemp } from "../file/files.ts";
import { sessionPath } from "../file/identity.ts";
import { MIGRATIONS } from "../file/schema.ts";

/**
 * All that a session is. The fence is not here: a number that was seen once must stay seen. The
 * inbox goes with its cursors: what was pending then is pending again, because the cursors are
 * already past it.
 */
const TABLES = [
  "auth_key",
  "self",
  "entity",
  "update_state",
  "channel_state",
  "origin",
  "inbox",
  "source",
  "outage",
] as const;

/**
 * Puts the content of a backup into an open session, in one transaction over the owner's own
 * connection: no file is replaced, so the lock holds all the time, and a crash leaves the old or
 * the new content.
 */
export function restoreInto(db: Database, backup: string): void {
  withPrivateTemp((temp) => {
    const path = upgradedCopy(backup, temp);
    db.write("ATTACH DATABASE ? AS source", [path]);
    try {
      db.transaction(() => {
        for (const table of TABLES) {
          db.write(`DELETE FROM main.${table}`);
          db.write(`INSERT INTO main.${table} SELECT * FROM source.${table}`);
        }
        db.write("DELETE FROM main.auth_key WHERE slot = 'pending'");
        db.write("UPDATE main.fence SET number = max(number, (SELECT number FROM source.fence))");
      });
    } finally {
      db.write("DETACH DATABASE source");
    }
  }, dirname(db.path));
}

/** Makes a new session file of a backup. Throws when one of that name exists. */
export function restoreNew(backup: string, dir: string, name: string): void {
  withPrivateTemp((temp) => {
    const made = upgradedCopy(backup, temp);
    syncFile(made);
    linkOrCopy(made, sessionPath(dir, name));
  }, dir);
  syncFolder(dir);
}

/**
 * Replaces a session that SQLite cannot open, which its owner could not either: the broken file and
 * its journals get the name `keptAs` first, the backup takes its place by a rename.
 */
export function replaceDamaged(
  backup: string,
  path: string,
  { keptAs, dir }: { readonly keptAs: string; readonly dir: string },
): void {
  withPrivateTemp((temp) => {
    const made = upgradedCopy(backup, temp);
    syncFile(made);
    for (const suffix of COMPANIONS)
      if (existsSync(path + suffix)) renameSync(path + suffix, keptAs + suffix);
    linkOrCopy(path, keptAs);
    renameSync(made, path);
  }, dir);
  syncFolder(dir);
}

/**
 * A copy of a backup with the tables of this version. No process has a backup open, so copying its
 * bytes is safe.
 */
function upgradedCopy(backup: string, temp: string): string {
  const path = `${temp}/upgraded.session`;
  scratchIn(temp, () => copyFileSync(backup, path));
  openDatabase({ path, role: "session", migrations: MIGRATIONS, exclusive: true }).close();
  return path;
}
