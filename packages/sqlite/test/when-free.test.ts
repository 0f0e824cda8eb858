import { join } from "node:path";
import { AppError } from "@flotilla/kernel";
import { processIdentity } from "@flotilla/os";
import {
  type HolderReport,
  openDatabase,
  openWhenFree,
  transactionWhenFree,
} from "@flotilla/sqlite";
import { spawnProcess, testDir, waitFor } from "@flotilla/testkit";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { codeOf, failureOf, legacy, pythonDatabase, SCHEMA } from "./support/databases.ts";

let folder = "";
let path = "";
const options = { role: "session", migrations: [SCHEMA], exclusive: true } as const;
beforeEach(async () => {
  folder = await testDir();
  path = join(folder, "a.session");
});

const linux = process.platform === "linux";

describe.runIf(linux)("openWhenFree", () => {
  test("opens at once what is free, and creates what is missing", async () => {
    using db = await openWhenFree({ ...options, path });
    expect(db.stats().waits, "opening takes time, but no other process blocked it").toMatchObject({
      count: 1,
      maxMs: 0,
    });
    expect(Object.values(db.readOne<object>("PRAGMA busy_timeout") ?? {})).toEqual([250]);
  });

  test("names a stopped holder while it waits, and has the file soon after its end", async () => {
    openDatabase({ ...options, path }).close();
    const holder = await legacy(path, "lifelong", "--token=very-secret");
    process.kill(holder.pid, "SIGSTOP");
    const reports: HolderReport[] = [];
    const opening = openWhenFree({
      ...options,
      path,
      known: [],
      onWait: (report) => void reports.push(report),
    });
    await waitFor(() => reports.length > 0);
    expect(reports[0]?.holders).toMatchObject([{ pid: holder.pid, lock: "exclusive", ours: "no" }]);
    expect(JSON.stringify(reports)).not.toContain("very-secret");
    const killed = performance.now();
    holder.kill("SIGKILL");
    using db = await opening;
    // Limit of the event-driven wait; the budget is 30 s.
    expect(performance.now() - killed).toBeLessThan(10_000);
    expect(db.stats().waits.maxMs).toBeGreaterThan(0);
  });

  test("gives up after its budget with an error that names the holder, ours or not", async () => {
    openDatabase({ ...options, path }).close();
    const holder = await legacy(path, "immediate");
    const identity = processIdentity(holder.pid);
    const known = identity ? [identity] : [];
    const error = await failureOf(openWhenFree({ ...options, path, budgetMs: 30, known }));
    expect(error.code).toBe("sqlite-locked");
    expect(error.details).toMatchObject({
      holderPid: holder.pid,
      holderOurs: "yes",
      holderLock: "write",
      holders: 1,
      path,
    });
    expect(error.details["waitedMs"]).toBeGreaterThanOrEqual(30);
    expect(error.message).toContain(`pid ${holder.pid} \``);
    expect(error.message).toContain("legacy.py");
    expect(error.cause).toBeInstanceOf(AppError);
    const stranger = await failureOf(openWhenFree({ ...options, path, budgetMs: 0, known: [] }));
    expect(stranger.details).toMatchObject({ holderPid: holder.pid, holderOurs: "no" });
    expect(stranger.message).toContain("never stopped");
  });

  test("does not keep the event loop from running while it waits", async () => {
    openDatabase({ ...options, path }).close();
    await legacy(path, "lifelong");
    await failureOf(openWhenFree({ ...options, path, budgetMs: 0 }));
    let ran = 0;
    const timer = setInterval(() => void ran++, 1);
    onTestFinished(() => clearInterval(timer));
    await failureOf(openWhenFree({ ...options, path, budgetMs: 1000, onWait: () => {} }));
    // With native waits of 250 ms each it would run only a few times.
    expect(ran).toBeGreaterThan(20);
  });

  test("a signal ends the wait, other errors come at once", async () => {
    openDatabase({ ...options, path }).close();
    await legacy(path, "lifelong");
    const reason = new Error("enough");
    const ended = new AbortController();
    const opening = openWhenFree({
      ...options,
      path,
      signal: ended.signal,
      onWait: () => ended.abort(reason),
    });
    await expect(opening).rejects.toBe(reason);
    const other = join(folder, "b.session");
    pythonDatabase(other, "wal");
    expect((await failureOf(openWhenFree({ ...options, path: other }))).code).toBe(
      "sqlite-wrong-role",
    );
  });

  test("an idle legacy program in WAL mode keeps an exclusive owner out, too, and is named", async () => {
    openDatabase({ ...options, path }).close();
    const holder = await legacy(path, "idle");
    const error = await failureOf(openWhenFree({ ...options, path, budgetMs: 20 }));
    expect(error.details).toMatchObject({
      holderPid: holder.pid,
      holderLock: "open",
      holderOurs: "unknown",
    });
  });
});

test("a legacy program that comes later is locked out", async () => {
  using _db = openDatabase({ ...options, path });
  const late = spawnProcess("python3", [
    "-c",
    "import sqlite3,sys; sqlite3.connect(sys.argv[1],0).execute('SELECT 1 FROM t')",
    path,
  ]);
  await late.exited;
  expect(late.stderr).toContain("database is locked");
});

test.runIf(linux)(
  "a transaction waits for its lock without blocking, and what it throws passes through",
  async () => {
    using db = openDatabase({ ...options, path, exclusive: false });
    const holder = await legacy(path, "immediate");
    const insert = (): unknown => db.write("INSERT INTO t (name) VALUES ('x')");
    expect(
      (await failureOf(transactionWhenFree(db, "add", insert, { budgetMs: 10 }))).details,
    ).toMatchObject({
      holderPid: holder.pid,
    });
    expect(codeOf(() => db.transaction(insert))).toBe("sqlite-locked");
    const tookMs = [1, 2, 3, 4, 5].map(() => {
      const asked = performance.now();
      expect(codeOf(() => db.tryTransaction("now", insert))).toBe("sqlite-locked");
      return performance.now() - asked;
    });
    // No native wait of 250 ms; single tries may be slowed by the machine.
    expect(Math.min(...tookMs)).toBeLessThan(200);
    const waiting = transactionWhenFree(db, "add", insert, {
      onWait: () => holder.kill("SIGKILL"),
    });
    await waiting;
    expect(db.stats().operations).toMatchObject({ add: { count: 1 } });
    const boom = new Error("boom");
    const failing = transactionWhenFree(db, "add", () => {
      throw boom;
    });
    await expect(failing).rejects.toBe(boom);
  },
);

test.runIf(linux)(
  "an idle legacy program without a journal of ours holds no lock, and still keeps an exclusive owner out",
  async () => {
    pythonDatabase(path, "delete");
    const holder = await legacy(path, "idle");
    const error = await failureOf(openWhenFree({ ...options, path, budgetMs: 20 }));
    expect(error.details).toMatchObject({ holderPid: holder.pid, holderLock: "open" });
  },
);
