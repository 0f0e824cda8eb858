import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { AppError } from "@flotilla/kernel";
import { type SpawnedProcess, spawnProcess } from "@flotilla/testkit";

export const SCHEMA = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT";

/** What the legacy program does with the file after it has printed "held". */
export type LegacyMode =
  | "idle"
  | "reading"
  | "immediate"
  | "exclusive"
  | "lifelong"
  | "shm"
  | "hung";

/** Starts a Python program that opens the file in the given way. */
export async function legacy(
  path: string,
  mode: LegacyMode,
  ...more: string[]
): Promise<SpawnedProcess> {
  const child = spawnProcess("python3", [
    join(import.meta.dirname, "..", "fixtures", "legacy.py"),
    path,
    mode,
    ...more,
  ]);
  await child.waitForOutput("held");
  return child;
}

/** Makes a database as Python programs do. */
export function pythonDatabase(path: string, journal: "wal" | "delete"): void {
  const script = `import sqlite3,sys
c=sqlite3.connect(sys.argv[1]); c.execute("PRAGMA journal_mode=${journal}")
c.execute("CREATE TABLE entities (id INTEGER PRIMARY KEY, hash INTEGER)"); c.commit(); c.close()`;
  execFileSync("python3", ["-c", script, path]);
}

/** The code of the AppError that `work` throws, or "no error". */
export function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  return "no error";
}

/** The AppError that `work` ends with. */
export async function failureOf(work: Promise<unknown>): Promise<AppError> {
  const error = await work.then(
    () => new Error("it did not fail"),
    (thrown: unknown) => thrown,
  );
  if (error instanceof AppError) return error;
  throw error;
}
