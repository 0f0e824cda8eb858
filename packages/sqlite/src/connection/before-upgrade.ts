import { readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { makeFolder } from "@flotilla/kernel";
import { backupTo } from "./backup.ts";
import type { Database } from "./database.ts";

/** Folder beside a database for its copy from before the last migration. */
const FOLDER = "upgrades";

/**
 * Keeps a verified copy of a database that is about to be migrated from `version`, as
 * `upgrades/<file>.v<version>` beside it; the one from an earlier migration goes. Without a copy
 * there is no migration: throws as {@link backupTo}.
 */
export function keepBeforeUpgrade(database: Database, version: number): void {
  const folder = join(dirname(database.path), FOLDER);
  const name = basename(database.path);
  makeFolder(folder, 0o700);
  backupTo(database, join(folder, `${name}.v${version}`));
  for (const other of readdirSync(folder))
    if (isOlderCopy(other, name, version)) rmSync(join(folder, other), { force: true });
}

function isOlderCopy(other: string, name: string, version: number): boolean {
  return (
    other.startsWith(`${name}.v`) &&
    /^\d+$/.test(other.slice(name.length + 2)) &&
    Number(other.slice(name.length + 2)) !== version
  );
}
