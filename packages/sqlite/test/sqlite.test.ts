import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { AppError } from "@flotilla/kernel";
import { lockFile, type OpenOptions, openDatabase } from "@flotilla/sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

let folder = "";
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "flotilla-sqlite-"));
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const exit = once(child, "exit");
    child.kill("SIGKILL");
    await exit;
  }
  rmSync(folder, { recursive: true, force: true });
});

const SCHEMA = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT";
const options = (more: Partial<OpenOptions> = {}): OpenOptions => ({
  path: join(folder, "data", "x.db"),
  role: "session",
  migrations: [SCHEMA],
  ...more,
});

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  return "no error";
}

async function holder(kind: "lock" | "session", path: string): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, "holder.ts"), [kind, path]);
  children.push(child);
  await once(child, "message");
  return child;
}

describe("openDatabase", () => {
  test("makes a private folder and file, and tightens ones that are too open", () => {
    mkdirSync(join(folder, "data"), { mode: 0o755 });
    writeFileSync(join(folder, "data", "x.db"), "");
    chmodSync(join(folder, "data", "x.db"), 0o644);
    using db = openDatabase(options({ create: true }));
    expect(statSync(join(folder, "data")).mode & 0o777).toBe(0o700);
    expect(statSync(db.path).mode & 0o777).toBe(0o600);
    db.write("INSERT INTO t (name) VALUES (?)", ["a"]);
    expect(statSync(`${db.path}-wal`).mode & 0o777).toBe(0o600);
  });

  test("has every pragma it promises", () => {
    using db = openDatabase(options({ exclusive: true, busyTimeoutMs: 5000 }));
    const pragma = (name: string): unknown =>
      Object.values(db.readOne<object>(`PRAGMA ${name}`) ?? {})[0];
    expect(pragma("journal_mode")).toBe("wal");
    expect(pragma("synchronous")).toBe(2);
    expect(pragma("foreign_keys")).toBe(1);
    expect(pragma("locking_mode")).toBe("exclusive");
    expect(pragma("busy_timeout")).toBe(250);
  });

  test.each([
    ["session", 2],
    ["host", 2],
    ["control", 64],
  ] as const)("a %s database keeps %d MiB of pages in memory", (role, mib) => {
    using db = openDatabase(options({ role }));
    expect(db.readOne("PRAGMA cache_size")).toEqual({ cache_size: -mib * 1024 });
  });

  test("migrates step by step and keeps the rows", () => {
    const before = openDatabase(options());
    before.write("INSERT INTO t (name) VALUES ('kept')");
    before.close();
    using db = openDatabase(
      options({ migrations: [SCHEMA, "ALTER TABLE t ADD COLUMN age INTEGER"] }),
    );
    expect(db.read("SELECT name, age FROM t")).toEqual([{ name: "kept", age: null }]);
  });

  test("a verified copy of what was before is kept at each migration, and only the last one", () => {
    const more = (count: number): string[] =>
      Array.from({ length: count }, (_, n) => `ALTER TABLE t ADD COLUMN c${n} INTEGER`);
    {
      using db = openDatabase(options());
      db.write("INSERT INTO t (name) VALUES ('kept')");
    }
    const { path } = options();
    const kept = join(dirname(path), "upgrades");
    expect(existsSync(kept), "a new file has nothing to keep").toBe(false);
    openDatabase(options({ migrations: [SCHEMA, ...more(1)] })).close();
    const copy = join(kept, `${basename(path)}.v1`);
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    {
      using db = openDatabase(options({ path: copy }));
      expect(db.read("SELECT * FROM t")).toEqual([{ id: 1, name: "kept" }]);
    }
    openDatabase(options({ migrations: [SCHEMA, ...more(1)] })).close();
    openDatabase(options({ migrations: [SCHEMA, ...more(2)] })).close();
    expect(readdirSync(kept)).toEqual([`${basename(path)}.v2`]);
  });

  test("without room for the copy nothing is migrated", () => {
    openDatabase(options()).close();
    const { path } = options();
    writeFileSync(join(dirname(path), "upgrades"), "in the way");
    const upgraded = options({ migrations: [SCHEMA, "ALTER TABLE t ADD COLUMN age INTEGER"] });
    expect(codeOf(() => openDatabase(upgraded))).toBe("sqlite-cantopen");
    using db = openDatabase(options());
    expect(db.read("SELECT name FROM pragma_table_info('t')")).toHaveLength(2);
  });

  test("rolls a failed migration back as a whole", () => {
    openDatabase(options()).close();
    const broken = ["ALTER TABLE t ADD COLUMN age INTEGER", "CREATE TABLE nonsense ("];
    expect(codeOf(() => openDatabase(options({ migrations: [SCHEMA, ...broken] })))).toBe(
      "sqlite-error",
    );
    using db = openDatabase(options());
    expect(db.read("SELECT name FROM pragma_table_info('t')")).toEqual([
      { name: "id" },
      { name: "name" },
    ]);
  });

  test("refuses a newer file, a file of another role, and a foreign file", () => {
    openDatabase(options({ migrations: [SCHEMA, "SELECT 1"] })).close();
    expect(codeOf(() => openDatabase(options()))).toBe("sqlite-newer");
    expect(codeOf(() => openDatabase(options({ role: "control" })))).toBe("sqlite-wrong-role");
    writeFileSync(join(folder, "data", "text.db"), "this is not a database ".repeat(100));
    expect(codeOf(() => openDatabase(options({ path: join(folder, "data", "text.db") })))).toBe(
      "sqlite-not-a-database",
    );
    expect(
      codeOf(() => openDatabase(options({ path: join(folder, "data", "x.db", "y.db") }))),
    ).toBe("sqlite-cantopen");
  });
});

describe("Database", () => {
  test("rolls back when the function throws, and passes its error on", () => {
    using db = openDatabase(options());
    const boom = new Error("boom");
    const work = (): void => {
      db.write("INSERT INTO t (name) VALUES ('gone')");
      throw boom;
    };
    expect(() => db.transaction(work)).toThrow(boom);
    expect(db.read("SELECT * FROM t")).toEqual([]);
  });

  test("refuses an asynchronous transaction", () => {
    using db = openDatabase(options());
    const work = async (): Promise<void> => {
      db.write("INSERT INTO t (name) VALUES ('gone')");
    };
    expect(codeOf(() => db.transaction(work))).toBe("sqlite-async-transaction");
    expect(db.read("SELECT * FROM t")).toEqual([]);
  });

  test("names a broken constraint without showing the values", () => {
    using db = openDatabase(options());
    db.write("INSERT INTO t (name) VALUES (:name)", { name: "s3cret" });
    const again = (): unknown =>
      db.write("INSERT INTO t (name) VALUES (:name)", { name: "s3cret" });
    expect(codeOf(again)).toBe("sqlite-constraint");
    expect(again).not.toThrow("s3cret");
  });

  test("says full, and keeps what was there", () => {
    using db = openDatabase(options());
    db.write("INSERT INTO t (name) VALUES ('kept')");
    db.read("PRAGMA max_page_count = 4");
    expect(codeOf(() => db.write("INSERT INTO t (name) VALUES (?)", ["x".repeat(100_000)]))).toBe(
      "sqlite-full",
    );
    expect(db.read("SELECT name FROM t")).toEqual([{ name: "kept" }]);
  });

  test("closes twice, leaves no journal, and refuses to work afterwards", () => {
    const db = openDatabase(options());
    db.write("INSERT INTO t (name) VALUES ('a')");
    db.close();
    db.close();
    expect(existsSync(`${db.path}-wal`)).toBe(false);
    expect(codeOf(() => db.read("SELECT 1"))).toBe("sqlite-closed");
  });
});

describe("locks", () => {
  test("an exclusive file has one opener in a process, too", () => {
    using _first = openDatabase(options({ exclusive: true }));
    expect(codeOf(() => openDatabase(options({ busyTimeoutMs: 0 })))).toBe("sqlite-locked");
    expect(codeOf(() => openDatabase(options({ busyTimeoutMs: 0, exclusive: true })))).toBe(
      "sqlite-locked",
    );
  });

  test("a refused second open does not weaken the first one's lock", async () => {
    const path = join(folder, "a.db");
    const child = await holder("session", path);
    for (let i = 0; i < 3; i++)
      expect(codeOf(() => openDatabase(options({ path, busyTimeoutMs: 0 })))).toBe("sqlite-locked");
    child.kill("SIGKILL");
    await once(child, "exit");
    openDatabase(options({ path })).close();
  });

  test("lockFile is held across processes until its holder dies or lets go", async () => {
    const path = join(folder, "one.lock");
    const first = await holder("lock", path);
    expect(codeOf(() => lockFile(path))).toBe("sqlite-locked");
    first.kill("SIGKILL");
    await once(first, "exit");
    const second = await holder("lock", path);
    expect(codeOf(() => lockFile(path))).toBe("sqlite-locked");
    second.send("release");
    await once(second, "exit");
    lockFile(path)[Symbol.dispose]();
  });
});

test("a query cannot write, not even by way of RETURNING", () => {
  using db = openDatabase({
    path: join(folder, "a.db"),
    role: "host",
    migrations: ["CREATE TABLE t (n INTEGER) STRICT"],
  });
  db.write("INSERT INTO t VALUES (1)");
  for (const sql of [
    "DELETE FROM t RETURNING n",
    "INSERT INTO t VALUES (2) RETURNING n",
    "PRAGMA user_version = 9",
  ])
    expect(
      codeOf(() => db.read(sql)),
      sql,
    ).toBe("sqlite-not-a-query");
  expect(db.read("SELECT n FROM t")).toEqual([{ n: 1 }]);
  expect(db.readOne("PRAGMA quick_check")).toBeDefined();
});
