import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  checkDatabase,
  classifyFileSystem,
  type Database,
  inspectFile,
  openDatabase,
} from "@flotilla/sqlite";
import { testDir } from "@flotilla/testkit";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { codeOf, SCHEMA } from "./support/databases.ts";
import { expectRefusedUntouched, fillSession, openSession } from "./support/sessions.ts";

let folder = "";
let path = "";
beforeEach(async () => {
  folder = await testDir();
});

function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, { stdio: "pipe" });
}

/** A file system of its own, 1 MiB small; null with the reason where mounting is not permitted. */
function smallDisk(): string | null {
  const disk = join(folder, "disk");
  mkdirSync(disk);
  try {
    run("mount", ["-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", disk]);
  } catch {
    return null;
  }
  onTestFinished(() => void run("umount", ["-l", disk]));
  return disk;
}

describe("the disk", () => {
  test("full: told apart, still readable, and recovers without being opened again", ({ skip }) => {
    const disk = smallDisk();
    if (disk === null) return skip("mounting a tmpfs is not permitted here");
    path = join(disk, "a.session");
    const filler = join(disk, "filler");
    fillSession(path);
    const fill = (): void => {
      expect(() => writeFileSync(filler, Buffer.alloc(2 * 1024 * 1024))).toThrow("ENOSPC");
    };
    const big = (db: Database): unknown =>
      db.write("INSERT INTO t (name) VALUES (?)", ["y".repeat(50_000)]);
    {
      using db = openSession(path);
      fill();
      expect(codeOf(() => big(db))).toBe("sqlite-full");
      expect(db.read("SELECT count(*) AS rows FROM t")).toEqual([{ rows: 500 }]);
      rmSync(filler);
      big(db);
      expect(checkDatabase(db).verdict).toBe("ok");
    }
    fill();
    expect(inspectFile(path).problem).toMatchObject({
      code: "sqlite-full",
      details: { freeBytes: 0 },
    });
    expect(codeOf(() => openSession(join(disk, "new.session")))).toBe("sqlite-full");
    expect(codeOf(() => openDatabase({ path, role: "session", migrations: [SCHEMA] }))).toBe(
      "sqlite-full",
    );
    using db = openSession(path);
    expect(db.read("SELECT count(*) AS rows FROM t")).toEqual([{ rows: 501 }]);
  });

  test("read-only: told apart, and opens when it is writable again", ({ skip }) => {
    const disk = smallDisk();
    if (disk === null) return skip("mounting a tmpfs is not permitted here");
    path = join(disk, "a.session");
    fillSession(path);
    run("mount", ["-o", "remount,ro", disk]);
    expectRefusedUntouched(path, "sqlite-readonly");
    expect(inspectFile(path).problem?.details).toMatchObject({ reason: "EROFS" });
    run("mount", ["-o", "remount,rw", disk]);
    openSession(path).close();
  });
});

test.each([
  [0x6969, null, "nfs", true],
  [-11317950, null, "cifs", true],
  [0xfe534d42, null, "smb2", true],
  [0x65735546, "fuse.sshfs", "fuse.sshfs", true],
  [0x65735546, "fuseblk", "fuseblk", false],
  [0x65735546, null, "fuse", false],
  [0xef53, null, "0xef53", false],
  [0x9fa0, null, "proc", false],
] as const)("file system %d %s is %s, network: %s", (type, fuse, name, network) => {
  expect(classifyFileSystem(type, () => fuse)).toEqual({
    name,
    network,
    ofKernel: name === "proc",
  });
});
