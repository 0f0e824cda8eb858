import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "@flotilla/kernel";
import { backupTo, type Database, type OpenOptions, openDatabase } from "@flotilla/sqlite";
import { testDir } from "@flotilla/testkit";
import { beforeEach, describe, expect, test } from "vitest";
import { fileKey, type OpenFiles, scanOpenFiles } from "../src/holders/open-files.ts";

const SCHEMA = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT";
let folder = "";
beforeEach(async () => {
  folder = await testDir();
});

const open = (name: string, more: Partial<OpenOptions> = {}): Database =>
  openDatabase({
    path: join(folder, name),
    role: "session",
    migrations: [SCHEMA],
    exclusive: true,
    ...more,
  });

/** The kernel's locks on this file. */
async function locksOn(path: string): Promise<OpenFiles["locks"]> {
  return (await scanOpenFiles(new Set([fileKey(path) ?? ""]))).locks;
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  return "no error";
}

describe("backupTo", () => {
  test("copies what is only in the journal, opens as the same kind of file, and is private", () => {
    using db = open("a.db");
    db.write("INSERT INTO t (name) VALUES ('in the journal')");
    expect(statSync(`${db.path}-wal`).size).toBeGreaterThan(0);
    backupTo(db, join(folder, "b.db"));
    expect(statSync(join(folder, "b.db")).mode & 0o777).toBe(0o600);
    using copy = open("b.db");
    expect(copy.read("SELECT name FROM t")).toEqual([{ name: "in the journal" }]);
    expect(existsSync(join(folder, "b.db.partial"))).toBe(false);
  });

  test.runIf(process.platform === "linux")(
    "leaves the owner's locks as they were, a hundred times, during writes",
    async () => {
      using db = open("a.db");
      const before = await locksOn(db.path);
      expect(before).toMatchObject([{ lock: { pid: process.pid, write: true } }]);
      for (let i = 1; i <= 100; i++) {
        db.write("INSERT INTO t (name) VALUES (?)", [`row ${i}`]);
        backupTo(db, join(folder, "b.db"));
        expect(await locksOn(db.path)).toEqual(before);
      }
      using copy = open("b.db");
      expect(copy.read("SELECT count(*) AS rows FROM t")).toEqual([{ rows: 100 }]);
    },
  );

  test("replaces an old backup only by a good one", () => {
    using db = open("a.db");
    backupTo(db, join(folder, "b.db"));
    const before = readFileSync(join(folder, "b.db"));
    db.close();
    expect(codeOf(() => backupTo(db, join(folder, "b.db")))).toBe("sqlite-closed");
    expect(readFileSync(join(folder, "b.db"))).toEqual(before);
    expect(existsSync(join(folder, "b.db.partial"))).toBe(false);
  });

  test("never writes over the database, nor over a file that is in use", () => {
    using db = open("a.db");
    using other = open("other.db");
    other.write("INSERT INTO t (name) VALUES ('x')");
    expect(codeOf(() => backupTo(db, db.path))).toBe("sqlite-backup-target");
    expect(codeOf(() => backupTo(db, other.path))).toBe("sqlite-backup-target");
    expect(codeOf(() => backupTo(db, join(folder, "no", "folder.db")))).toBe("sqlite-cantopen");
  });

  test("takes over what a killed backup left behind", () => {
    using db = open("a.db");
    writeFileSync(join(folder, "b.db.partial"), "half");
    chmodSync(join(folder, "b.db.partial"), 0o644);
    backupTo(db, join(folder, "b.db"));
    expect(statSync(join(folder, "b.db")).mode & 0o777).toBe(0o600);
  });
});
