import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import {
  assertSound,
  assertStillThere,
  checkDatabase,
  type Database,
  type FileSystem,
  inspectFile,
} from "@flotilla/sqlite";
import { testDir } from "@flotilla/testkit";
import { beforeEach, describe, expect, test } from "vitest";
import { codeOf } from "./support/databases.ts";
import { expectRefusedUntouched, fillSession, openSession } from "./support/sessions.ts";

const root = process.getuid?.() === 0;
let folder = "";
let path = "";
beforeEach(async () => {
  folder = await testDir();
  path = join(folder, "a.session");
});

const open = (file = path, create?: boolean): Database => openSession(file, create);
const made = (): void => fillSession(path);

function overwrite(position: number, bytes: Buffer): void {
  const file = openSync(path, "r+");
  writeSync(file, bytes, 0, bytes.length, position);
  closeSync(file);
}

const refusedUntouched = (code: string): void => expectRefusedUntouched(path, code);

describe("before it is opened", () => {
  test("an intact file has no problem, whichever program created it", () => {
    made();
    expect(inspectFile(path)).toMatchObject({
      problem: null,
      exists: true,
      contentRead: true,
      tooOpen: false,
      walBytes: 0,
    });
  });

  test("missing", () => {
    expect(inspectFile(path).problem?.code).toBe("sqlite-missing");
    expect(codeOf(() => open(path, false))).toBe("sqlite-missing");
    expect(existsSync(path)).toBe(false);
    expect(inspectFile(path, { create: true }).problem).toBeNull();
  });

  test("empty: legal only for a new database", () => {
    writeFileSync(path, "");
    refusedUntouched("sqlite-empty");
    open(path, true).close();
    expect(inspectFile(path).problem).toBeNull();
  });

  test("a new file is never empty, not for a moment", () => {
    open().close();
    expect(statSync(path).size).toBeGreaterThan(0);
    expect(execFileSync("ls", ["-A", folder], { encoding: "utf8" })).toBe("a.session\n");
  });

  test("something else, or an overwritten header", () => {
    writeFileSync(path, "not a database ".repeat(1000));
    refusedUntouched("sqlite-not-a-database");
    rmSync(path);
    made();
    overwrite(0, Buffer.alloc(100));
    refusedUntouched("sqlite-not-a-database");
    mkdirSync(join(folder, "dir.session"));
    expect(codeOf(() => open(join(folder, "dir.session")))).toBe("sqlite-not-a-database");
  });

  test.each(["half", "mid-page", "header only"])("truncated: %s", (how) => {
    made();
    const { size } = statSync(path);
    truncateSync(path, { half: size / 2, "mid-page": size - 100, "header only": 50 }[how]);
    refusedUntouched("sqlite-truncated");
  });

  test.runIf(root)("a foreign owner", () => {
    made();
    chownSync(path, 12_345, 12_345);
    refusedUntouched("sqlite-foreign-owner");
    chownSync(path, 0, 0);
    open().close();
  });

  test.runIf(!root)("not writable for this user", () => {
    made();
    chmodSync(path, 0o400);
    refusedUntouched("sqlite-readonly");
  });

  test("too open is told, and tightened by opening", () => {
    made();
    chmodSync(path, 0o644);
    expect(inspectFile(path)).toMatchObject({ tooOpen: true, problem: null });
    open().close();
    expect(inspectFile(path).tooOpen).toBe(false);
  });

  test("a network file system is refused before anything is created", () => {
    const fileSystem = (): FileSystem => ({
      name: "nfs",
      network: true,
      ofKernel: false,
      freeBytes: 1e9,
    });
    const { problem } = inspectFile(path, { create: true, fileSystem });
    expect(problem).toMatchObject({ code: "sqlite-network-fs", details: { fileSystem: "nfs" } });
  });

  test("a journal without its file is kept, not fed to a new one", () => {
    writeFileSync(`${path}-wal`, "pages");
    expect(codeOf(() => open())).toBe("sqlite-deleted");
    expect(readFileSync(`${path}-wal`, "utf8")).toBe("pages");
    expect(existsSync(path)).toBe(false);
  });

  test("a file with a journal may be shorter than its header says", () => {
    made();
    const crashed = join(folder, "b.session");
    using db = open();
    db.write("INSERT INTO t (name) VALUES ('only in the journal')");
    execFileSync("cp", [path, crashed]);
    execFileSync("cp", [`${path}-wal`, `${crashed}-wal`]);
    expect(inspectFile(crashed).problem).toBeNull();
    using copy = open(crashed);
    expect(copy.read("SELECT name FROM t WHERE name LIKE 'only%'")).toHaveLength(1);
  });

  test("a file that this process has open is not read, and keeps its lock", () => {
    using _db = open();
    for (let i = 0; i < 10; i++)
      expect(inspectFile(path)).toMatchObject({ contentRead: false, problem: null });
    const late = `import sqlite3,sys; sqlite3.connect(sys.argv[1],0).execute('SELECT 1 FROM t')`;
    expect(() => execFileSync("python3", ["-c", late, path], { stdio: "pipe" })).toThrow(
      "database is locked",
    );
  });

  test("a link that leads nowhere creates nothing", () => {
    symlinkSync(join(folder, "nowhere"), path);
    expect(codeOf(() => open())).toBe("sqlite-cantopen");
    expect(existsSync(join(folder, "nowhere"))).toBe(false);
  });
});

describe("after it was opened", () => {
  test("a zeroed page and a broken page are found", () => {
    made();
    overwrite(4096 * 10, Buffer.alloc(4096));
    using db = open();
    expect(checkDatabase(db).verdict).toBe("damaged");
    expect(codeOf(() => assertSound(db))).toBe("sqlite-corrupt");
  });

  test("a damaged first page is found by opening or by the check", () => {
    made();
    overwrite(100, Buffer.alloc(3000, 0xa5));
    expect(
      codeOf(() => {
        using db = open();
        assertSound(db);
      }),
    ).toBe("sqlite-corrupt");
  });

  test("a flipped bit in a row passes both checks, so stored keys need a checksum", () => {
    made();
    const at = readFileSync(path).indexOf("xxxx", 4096 * 10);
    overwrite(at, Buffer.from("y"));
    using db = open();
    expect(checkDatabase(db, { level: "full" })).toMatchObject({ verdict: "ok", findings: [] });
  });

  test("a check of a sound file is complete", () => {
    made();
    using db = open();
    expect(checkDatabase(db)).toMatchObject({ verdict: "ok", checkedTables: 1, tables: 1 });
  });

  test("deleted and replaced are noticed, and the file is right again when it is back", () => {
    made();
    using db = open();
    expect(db.stillThere()).toBe("ok");
    renameSync(path, `${path}.away`);
    expect(db.stillThere()).toBe("deleted");
    expect(codeOf(() => assertStillThere(db))).toBe("sqlite-deleted");
    copyFileSync(`${path}.away`, path);
    expect(db.stillThere()).toBe("replaced");
    expect(codeOf(() => assertStillThere(db))).toBe("sqlite-replaced");
    renameSync(`${path}.away`, path);
    expect(db.stillThere()).toBe("ok");
  });
});
