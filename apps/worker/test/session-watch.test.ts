import { execFileSync } from "node:child_process";
import { chownSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import type { Fault, StorageProblem, StorageStatus } from "@flotilla/contracts";
import { AppError, type Clock, systemClock } from "@flotilla/kernel";
import { createLogger } from "@flotilla/observability";
import { openSession, type SessionStore } from "@flotilla/session-store";
import type { DatabaseEvent } from "@flotilla/sqlite";
import { testDir, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { SessionWatch } from "../src/session/session-watch.ts";

const log = createLogger({ name: "test", level: "silent" });
const fleetKey = Buffer.alloc(32, 3);
const root = process.getuid?.() === 0;

function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, { stdio: "pipe" });
}

/** A write that is checked for a deleted file. */
function commit(store: SessionStore): void {
  store.updates.commit({ account: { pts: 1, qts: 1, date: 1, seq: 1 } }, () => true);
}

function watched(dir: string) {
  let ahead = 0;
  const clock: Clock = {
    now: () => Date.now() + ahead,
    monotonicMs: () => performance.now() + ahead,
  };
  const store: SessionStore = openSession({ dir, name: "ann", fleetKey });
  const told = {
    gone: [] as Fault[],
    trouble: [] as (string | null)[],
    problems: [] as (StorageProblem | null)[],
    status: [] as StorageStatus[],
  };
  let event: (event: DatabaseEvent) => void = () => {};
  const file = store.file;
  const watch = new SessionWatch({
    // The real file; the test also emits events itself, because a 10 s wait or a 64 MB journal
    // takes too long.
    file: {
      stats: () => file.stats(),
      trouble: () => file.trouble(),
      waitP95Ms: (windowMs) => file.waitP95Ms(windowMs),
      watch: (options) => {
        event = options.onEvent;
        return file.watch(options);
      },
    },
    stillOwn: () => store.stillOwn(),
    clock,
    log,
    onGone: (fault) => told.gone.push(fault),
    onTrouble: (fault) => told.trouble.push(fault?.code ?? null),
    onProblem: (problem) => told.problems.push(problem),
    onStatus: (status) => told.status.push(status),
  });
  onTestFinished(() => {
    watch[Symbol.dispose]();
    store.close();
  });
  const travel = (ms: number): void => {
    ahead += ms;
  };
  return { store, watch, told, path: store.file.path, event, travel };
}

test("figures for the card are reported at once and on each change", async () => {
  const { store, watch, told } = watched(await testDir());
  expect(told.status).toHaveLength(1);
  expect(told.status[0]).toMatchObject({ lockWaits: 0, checkpointAt: null, checkpointBusy: false });
  watch.look();
  expect(told.status).toHaveLength(1);
  commit(store);
  watch.look();
  expect(told.status.at(-1)?.walBytes).toBeGreaterThan(0);
});

test.each([
  ["deleted", "sqlite-deleted", (path: string) => rmSync(path)],
  ["replaced", "sqlite-replaced", (path: string) => writeFileSync(`${path}.new`, "x")],
] as const)(
  "a file that is %s is reported within seconds, and no further write succeeds",
  async (_how, code, harm) => {
    const { store, told, path } = watched(await testDir());
    harm(path);
    if (code === "sqlite-replaced") renameSync(`${path}.new`, path);
    expect(() => commit(store)).toThrow(expect.objectContaining({ code }));
    await waitFor(() => told.gone.length > 0);
    expect(told.gone).toMatchObject([{ class: "DB_BROKEN", code }]);
  },
);

test.runIf(root)("a foreign owner is reported while it lasts, with the file open", async () => {
  const { watch, told, path, store } = watched(await testDir());
  chownSync(path, 12_345, 12_345);
  watch.look();
  watch.look();
  chownSync(path, 0, 0);
  watch.look();
  expect(told.trouble).toEqual(["sqlite-foreign-owner", null]);
  commit(store);
});

test("a full disk is reported while it lasts, and writes succeed when it has space again", async ({
  skip,
}) => {
  const disk = `${await testDir()}/disk`;
  mkdirSync(disk);
  try {
    run("mount", ["-t", "tmpfs", "-o", "size=3m,mode=700", "tmpfs", disk]);
  } catch {
    return skip("mounting a tmpfs is not permitted here");
  }
  onTestFinished(() => run("umount", ["-l", disk]));
  const { watch, told, store } = watched(`${disk}/sessions`);
  expect(() => writeFileSync(`${disk}/filler`, Buffer.alloc(8 * 1024 * 1024))).toThrow("ENOSPC");
  watch.look();
  rmSync(`${disk}/filler`);
  watch.look();
  expect(told.trouble).toEqual(["sqlite-full", null]);
  commit(store);
});

test(
  "long waits, a large journal and a failed checkpoint are problems; a long hold is only " +
    "logged; five quiet minutes end them",
  async () => {
    const { told, watch, travel, event } = watched(await testDir());
    const path = "";
    event({ kind: "slow", path, operation: { kind: "hold", name: "save", tookMs: 2000 } });
    expect(told.problems).toEqual([]);
    event({ kind: "slow", path, operation: { kind: "wait", name: "save", tookMs: 12_000 } });
    event({ kind: "waits-long", path, p95Ms: 1500.4 });
    event({
      kind: "wal-large",
      path,
      walBytes: 80_000_000,
      holders: { path, holders: [], notVisible: null, tookMs: 1 },
    });
    event({ kind: "checkpoint-failed", path, error: new Error("disk I/O error") });
    expect(told.problems).toEqual([
      { kind: "slow-wait", operation: "save", tookMs: 12_000 },
      { kind: "waits-long", p95Ms: 1500 },
      { kind: "wal-large", walBytes: 80_000_000, holder: null },
      { kind: "checkpoint-failed", message: "disk I/O error" },
    ]);
    travel(299_000);
    watch.look();
    expect(told.problems).toHaveLength(4);
    travel(2000);
    watch.look();
    watch.look();
    expect(told.problems.slice(4)).toEqual([null]);
  },
);

test("another process with the key, and a lock that cannot be taken again, are reported once", async () => {
  const store = openSession({ dir: await testDir(), name: "ann", fleetKey });
  const [gone, warned] = [[] as Fault[], [] as string[]];
  let error: AppError = new AppError("owner-dir", "The folder cannot be written to.");
  const watch = new SessionWatch({
    file: store.file,
    stillOwn: () => {
      throw error;
    },
    clock: systemClock,
    log: { debug: () => {}, warn: (_fields, text) => void warned.push(text) },
    onGone: (fault) => gone.push(fault),
    onTrouble: () => {},
    onProblem: () => {},
    onStatus: () => {},
  });
  onTestFinished(() => {
    watch[Symbol.dispose]();
    store.close();
  });
  watch.look();
  expect([warned.length, gone.length]).toEqual([1, 0]);
  error = new AppError("session-owned", "Another process has the key.");
  watch.look();
  watch.look();
  expect(gone).toMatchObject([{ code: "session-owned" }]);
  expect(warned).toHaveLength(1);
});
