import { renameSync } from "node:fs";
import { join } from "node:path";
import {
  type Database,
  type DatabaseEvent,
  openDatabase,
  openWhenFree,
  startCheckpoints,
} from "@flotilla/sqlite";
import { testDir, waitFor } from "@flotilla/testkit";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { areLong, Durations, Meter } from "../src/base/measure.ts";
import { codeOf, legacy, SCHEMA } from "./support/databases.ts";

let path = "";
beforeEach(async () => {
  path = join(await testDir(), "a.session");
});
const open = (exclusive = true): Database =>
  openDatabase({ path, role: "session", migrations: [SCHEMA], exclusive, busyTimeoutMs: 20 });
const insert = (db: Database, text = "x"): unknown =>
  db.write("INSERT INTO t (name) VALUES (?)", [text]);

describe("stats", () => {
  test("holds are counted by name, nested ones once, failed ones too", () => {
    using db = open();
    db.transaction("outer", () => db.transaction("inner", () => insert(db)));
    db.transaction(() => insert(db));
    insert(db);
    const boom = (): never => {
      throw new Error("boom");
    };
    expect(() => db.transaction("failing", boom)).toThrow("boom");
    const { holds, operations, waits, walBytes } = db.stats();
    expect(Object.keys(operations).toSorted()).toEqual([
      "failing",
      "outer",
      "transaction",
      "write",
    ]);
    expect(holds).toMatchObject({ count: 4 });
    expect(waits).toMatchObject({ count: 3 });
    expect(holds.histogram.reduce((sum, bucket) => sum + bucket.count, 0)).toBe(4);
    expect(holds.p50Ms).toBeLessThanOrEqual(holds.p95Ms);
    expect(holds.p95Ms).toBeLessThanOrEqual(holds.maxMs);
    expect(walBytes).toBeGreaterThan(0);
  });

  test("a wait that ends in a refusal is a wait of that operation, not a hold", async () => {
    using db = open(false);
    await legacy(path, "immediate");
    expect(codeOf(() => db.transaction("late", () => insert(db)))).toBe("sqlite-locked");
    expect(codeOf(() => insert(db))).toBe("sqlite-locked");
    const { waits, holds } = db.stats();
    expect(waits).toMatchObject({ count: 2 });
    expect(waits.maxMs).toBeGreaterThanOrEqual(10);
    expect(holds).toMatchObject({ count: 0, p95Ms: 0 });
  });

  test.each([
    { waits: "none", tookMs: [], long: false },
    { waits: "a single one", tookMs: [1444], long: false },
    { waits: "a single one of more than 10 s", tookMs: [10_001], long: true },
    { waits: "two of a few", tookMs: [1001, 0, 0, 0, 5000], long: true },
    { waits: "one of twenty", tookMs: [60_000, ...Array<number>(19).fill(0)], long: false },
    { waits: "two of twenty", tookMs: [1001, 1001, ...Array<number>(18).fill(0)], long: true },
    { waits: "all, but not over 1 s", tookMs: Array<number>(30).fill(1000), long: false },
  ])("lock waits that are too long: $waits ($long)", ({ tookMs, long }) => {
    const waits = new Durations();
    for (const each of tookMs) waits.add(each, 1);
    expect(areLong(waits.since(0))).toBe(long);
  });

  test("percentiles are of the last thousand, totals of all, and memory stays bounded", () => {
    const durations = new Durations();
    for (let i = 0; i < 1000; i++) durations.add(5000, i);
    for (let i = 1; i <= 1000; i++) durations.add(i / 10, 1000 + i);
    expect(durations.stats()).toMatchObject({ count: 2000, p50Ms: 50, p95Ms: 95, maxMs: 5000 });
    expect(durations.since(1981)).toEqual({
      p95Ms: expect.closeTo(99.9),
      maxMs: 100,
      overSecond: 0,
    });
    expect(durations.since(9999)).toEqual({ p95Ms: 0, maxMs: 0, overSecond: 0 });
    const meter = new Meter();
    for (let i = 0; i < 500; i++) meter.hold(`name ${i}`, 1);
    expect(Object.keys(meter.operations())).toHaveLength(100);
    expect(meter.holds.stats().count).toBe(500);
  });
});

describe("checkpoint", () => {
  test("empties the journal; a reader of another program makes it PASSIVE and busy, without a wait", async () => {
    using db = open(false);
    insert(db);
    expect(db.checkpoint()).toMatchObject({ mode: "TRUNCATE", busy: false });
    expect(db.walBytes()).toBe(0);
    insert(db);
    const reader = await legacy(path, "reading");
    insert(db);
    const result = db.checkpoint();
    expect(result).toMatchObject({ mode: "PASSIVE", busy: true });
    expect(db.stats().lastCheckpoint).toEqual(result);
    expect(Object.values(db.readOne<object>("PRAGMA busy_timeout") ?? {})).toEqual([20]);
    reader.kill("SIGKILL");
    await reader.exited;
    expect(db.checkpoint()).toMatchObject({ mode: "TRUNCATE", busy: false });
  });

  test("is refused inside a transaction and leaves the file usable", () => {
    using db = open();
    expect(codeOf(() => db.transaction(() => db.checkpoint()))).toBe("sqlite-locked");
    insert(db);
  });
});

describe("startCheckpoints", () => {
  function events(
    db: Database,
    times: { everyMs?: number; watchEveryMs?: number },
  ): { all: DatabaseEvent[] } & Disposable {
    const all: DatabaseEvent[] = [];
    const running = startCheckpoints(db, { ...times, onEvent: (event) => void all.push(event) });
    return { all, [Symbol.dispose]: () => running[Symbol.dispose]() };
  }

  test("makes checkpoints at its interval, and none after its end", async () => {
    using db = open();
    insert(db);
    const told = events(db, { everyMs: 5 });
    await waitFor(() => told.all.length >= 2);
    expect(told.all[0]).toMatchObject({ kind: "checkpoint", path, result: { busy: false } });
    expect(db.walBytes()).toBe(0);
    told[Symbol.dispose]();
    insert(db);
    expect(db.walBytes()).toBeGreaterThan(0);
  });

  test("makes a checkpoint each 15 min, and looks at its file each second", async () => {
    using db = open();
    insert(db);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    using told = events(db, {});
    const kinds = (): string[] => told.all.map(({ kind }) => kind);
    await vi.advanceTimersByTimeAsync(15 * 60_000 - 1);
    expect(kinds()).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(kinds()).toEqual(["checkpoint"]);
    renameSync(path, `${path}.away`);
    await vi.advanceTimersByTimeAsync(999);
    expect(kinds()).toEqual(["checkpoint"]);
    await vi.advanceTimersByTimeAsync(1);
    expect(kinds()).toEqual(["checkpoint", "file-gone"]);
  });

  test("tells once that the file was deleted, again when that changes", async () => {
    using db = open();
    using told = events(db, { watchEveryMs: 2 });
    renameSync(path, `${path}.away`);
    await waitFor(() => told.all.length > 0);
    expect(told.all).toEqual([{ kind: "file-gone", path, state: "deleted" }]);
    renameSync(`${path}.away`, path);
    await waitFor(() => db.stillThere() === "ok");
  });

  test("tells of a journal over 64 MB, once", async () => {
    using db = open(false);
    db.read("PRAGMA wal_autocheckpoint = 0");
    using told = events(db, { watchEveryMs: 2 });
    db.transaction("import", () => {
      for (let i = 0; i < 70; i++) insert(db, "z".repeat(1024 * 1024));
    });
    await waitFor(() => told.all.some((event) => event.kind === "wal-large"));
    const large = told.all.filter((event) => event.kind === "wal-large");
    expect(large).toHaveLength(1);
    expect(large[0]?.walBytes).toBeGreaterThan(64 * 1024 * 1024);
    expect(large[0]?.holders.holders[0]?.pid).toBe(process.pid);
  });

  test.runIf(process.platform === "linux")(
    "tells once when lock waits are long, and remembers the wait for the file",
    async () => {
      open().close();
      const holder = await legacy(path, "lifelong");
      const real = performance.now.bind(performance);
      let lateMs = 0;
      vi.spyOn(performance, "now").mockImplementation(() => real() + lateMs);
      const onWait = (): void => {
        lateMs = 12_000;
        holder.kill("SIGKILL");
      };
      using db = await openWhenFree({
        path,
        role: "session",
        migrations: [SCHEMA],
        exclusive: true,
        onWait,
      });
      expect(db.stats().waits.maxMs).toBeGreaterThan(12_000);
      using told = events(db, { watchEveryMs: 2 });
      await waitFor(() => told.all.length > 0);
      expect(told.all).toMatchObject([{ kind: "waits-long", path, p95Ms: db.stats().waits.p95Ms }]);
    },
  );

  test("names the operation that held for more than 1 s", async () => {
    using db = open();
    using told = events(db, {});
    const clock = vi.spyOn(performance, "now");
    const start = 1_000_000;
    clock.mockReturnValue(start);
    db.transaction("saveCursor", () => clock.mockReturnValue(start + 1500));
    clock.mockRestore();
    await waitFor(() => told.all.length > 0);
    expect(told.all).toEqual([
      { kind: "slow", path, operation: { kind: "hold", name: "saveCursor", tookMs: 1500 } },
    ]);
  });
});

test("one wait over 10 s is told; a listener that was taken away hears nothing", async () => {
  const meter = new Meter();
  const heard: unknown[] = [];
  const listening = meter.listen((slow) => void heard.push(slow));
  meter.wait("open", 10_001);
  meter.wait("open", 9000);
  await waitFor(() => heard.length > 0);
  expect(heard).toEqual([{ kind: "wait", name: "open", tookMs: 10_001 }]);
  listening[Symbol.dispose]();
  meter.hold("x", 5000);
  await Promise.resolve();
  expect(heard).toHaveLength(1);
});
