import { existsSync, mkdtempSync, rmSync, statfsSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SCHEMAS } from "@flotilla/contracts";
import { toError } from "@flotilla/kernel";
import { SESSION_SCHEMA, sessionNames } from "@flotilla/session-store";
import { copyRunning } from "@flotilla/sqlite";
import type { Place } from "../../place/place.ts";
import { type Line, linesOf } from "./line.ts";

const { ok, note, problem } = linesOf("databases");
/** Space that a start needs besides the copies. */
const SPARE_BYTES = 64 * 1024 * 1024;
interface Found {
  readonly name: string;
  readonly path: string;
  /** The schema that the code on disk brings. */
  readonly after: number;
}

/**
 * For each database: its schema now and after a start of the code on disk, and whether there is
 * room for the copies that are made first. Reads copies from outside, so that their owners run on.
 */
export async function checkDatabases({ dataDir, sessions }: Place): Promise<Line[]> {
  const found = databasesIn(dataDir, sessions);
  if (found.length === 0) return [note(`There is no database in ${dataDir} yet.`)];
  let scratch: string;
  try {
    scratch = mkdtempSync(join(tmpdir(), "flotilla-upgrade-"));
  } catch (error) {
    const todo = "Set TMPDIR to a folder that this user may write, and ask again.";
    return [problem(`No database could be read: ${toError(error).message}.`, todo)];
  }
  try {
    const lines: Line[] = [];
    const migrated: string[] = [];
    let same = 0;
    for (const database of found) {
      const line = await checkOne(database, scratch);
      if (line === "same") same += 1;
      else lines.push(line);
      if (line !== "same" && line.level === "note") migrated.push(database.path);
    }
    const unchanged = same > 0 ? [ok(`Schema unchanged: ${databases(same)}.`)] : [];
    return [...lines, ...unchanged, ...room(dataDir, migrated)];
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function databasesIn(dataDir: string, folder: string): Found[] {
  const own = Object.entries(SCHEMAS).map(([name, after]) => ({
    name,
    path: join(dataDir, name),
    after,
  }));
  const sessions = sessionNames(folder).map((name) => ({
    name: `sessions/${name}.session`,
    path: join(folder, `${name}.session`),
    after: SESSION_SCHEMA,
  }));
  return [...own, ...sessions].filter(({ path }) => existsSync(path));
}

async function checkOne({ name, path, after }: Found, scratch: string): Promise<Line | "same"> {
  const copy = join(scratch, "copy");
  try {
    const { version, damage } = await copyRunning(path, copy);
    if (damage !== null)
      return problem(
        `${name} is damaged: ${damage}.`,
        "npm run flotilla -- doctor, and docs/runbooks/restore.md",
      );
    if (version === after) return "same";
    if (version < after)
      return note(`${name}: schema ${version} → ${after}; a verified copy is made first.`);
    return problem(
      `${name} has schema ${version}, and the code on disk knows ${after}: it would refuse it.`,
      "Take the newer version again, or go back with flotilla restore (docs/runbooks/upgrade.md).",
    );
  } catch (error) {
    return problem(
      `${name} could not be read: ${toError(error).message}`,
      "Mend that, and ask again.",
    );
  } finally {
    rmSync(copy, { force: true });
  }
}

/** @NOTE copies go into `upgrades/` beside each database: all on the disk of the data folder. */
function room(dataDir: string, migrated: readonly string[]): Line[] {
  const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  const bytes = migrated.reduce((sum, path) => sum + sizeOf(path) + sizeOf(`${path}-wal`), 0);
  const { bavail, bsize } = statfsSync(dataDir);
  const [wanted, free] = [bytes + SPARE_BYTES, bavail * bsize].map((each) => Math.ceil(each / 1e6));
  const what = `${free} MB are free on the disk of ${dataDir}, and ${wanted} MB are needed`;
  if (bavail * bsize >= bytes + SPARE_BYTES) return [ok(`${what}, copies included.`)];
  return [problem(`${what}: a database without its copy is not migrated.`, "Make room.")];
}

function databases(count: number): string {
  return count === 1 ? "1 database" : `${count} databases`;
}
