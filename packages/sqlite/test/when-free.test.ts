import { join } from "node:path";
import { AppError } from "@flotilla/kernel";
import { processIdentity } from "@flotilla/os";
import { type HolderReport, openDatabase, openWhenFree } from "@flotilla/sqlite";
import { spawnProcess, testDir, waitFor } from "@flotilla/testkit";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { failureOf, legacy, pythonDatabase, SCHEMA } from "./support/databases.ts";

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

describe.runIf(linux)("without a time of its own, openWhenFree", () => {
  /** Waits for a lock on a clock that the test moves; the holder has the file for its whole life. */
  async function waiting() {
    openDatabase({ ...options, path }).close();
    const holder = await legacy(path, "lifelong");
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    onTestFinished(() => void vi.useRealTimers());
    // Not exclusive: no try scans all processes.
    return { holder, opening: openWhenFree({ ...options, exclusive: false, path }) };
  }

  test("has a file that is released after 59.9 s", async () => {
    const { holder, opening } = await waiting();
    await vi.advanceTimersByTimeAsync(59_800);
    holder.kill("SIGKILL");
    await holder.exited;
    await vi.advanceTimersByTimeAsync(100);
    using db = await opening;
    expect(db.stats().waits.maxMs).toBeGreaterThan(59_000);
  });

  test("gives up after 60 s", async () => {
    const failure = failureOf((await waiting()).opening);
    await vi.advanceTimersByTimeAsync(60_000);
    expect((await failure).details["waitedMs"]).toBe(60_000);
  });
});

test.runIf(linux)(
  "an idle legacy program without a journal of ours holds no lock, and still keeps an exclusive owner out",
  async () => {
    pythonDatabase(path, "delete");
    const holder = await legacy(path, "idle");
    const error = await failureOf(openWhenFree({ ...options, path, budgetMs: 20 }));
    expect(error.details).toMatchObject({ holderPid: holder.pid, holderLock: "open" });
  },
);
