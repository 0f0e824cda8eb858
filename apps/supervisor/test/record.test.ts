import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { type HostCommand, type LinkStatus, NO_LINK } from "@flotilla/contracts";
import { AppError, parseWorkerId, type WorkerId } from "@flotilla/kernel";
import { testDir, waitFor } from "@flotilla/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import { HostDb } from "../src/record/host-db.ts";
import { host } from "./host.ts";

const A = parseWorkerId("alpha");
const B = parseWorkerId("beta");
const EXIT = { at: 5, uptimeMs: 10, class: "CRASH", exitCode: 1, signal: null } as const;

function opened(dir: string): HostDb {
  const db = new HostDb(`${dir}/host.db`);
  onTestFinished(() => db.close());
  return db;
}

const command = (kind: "start" | "stop" | "restart", id: string): HostCommand => {
  const askedBy = { id: "777", name: "Ann" };
  return { v: 1, kind, askedBy, askedAt: 1, id, worker: A, deadlineAt: Date.now() + 60_000 };
};

function run(program: string, args: readonly string[]): void {
  execFileSync(program, args, { stdio: "pipe" });
}

/** A data folder on a disk of 2 MiB that can be filled; null where mounting is not permitted. */
async function smallDisk(): Promise<{ dir: string; fill: () => void; free: () => void } | null> {
  const dir = `${await testDir("record-")}/disk`;
  mkdirSync(dir);
  try {
    run("mount", ["-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", dir]);
  } catch {
    return null;
  }
  onTestFinished(() => run("umount", ["-l", dir]));
  const fill = (): void =>
    expect(() => writeFileSync(`${dir}/filler`, Buffer.alloc(2 ** 22))).toThrow("ENOSPC");
  return { dir, fill, free: () => rmSync(`${dir}/filler`) };
}

describe("a disk of host.db that is full", () => {
  test(
    "a worker that crashes then restarts and obeys commands; all of it is written when there " +
      "is space",
    async ({ skip }) => {
      const disk = await smallDisk();
      if (!disk) return skip("mounting a tmpfs is not permitted here");
      const { commands, db, starts, states, fleet } = await host("stay", 0, disk.dir);
      await commands.carryOut(command("start", "c-1"));
      disk.fill();
      for (let death = 1; death <= 3; death++) {
        const pid = await waitFor(() => fleet.statuses()[0]?.pid || null);
        process.kill(pid, "SIGKILL");
        await waitFor(() => starts() === death + 1);
      }
      await waitFor(() => states()["alpha"] === "RUNNING");
      await commands.carryOut(command("stop", "c-2"));
      expect(states()).toEqual({ alpha: "STOPPED" });
      await commands.carryOut(command("restart", "c-3"));
      await waitFor(() => states()["alpha"] === "RUNNING");
      await commands.carryOut(command("stop", "c-4"));
      expect(db.trouble()).toEqual({
        kind: "record-unwritable",
        detail: `${disk.dir}/host.db: sqlite-full`,
      });
      disk.free();
      db.keepStats(A, NO_LINK);
      expect(db.trouble()).toBeNull();
      db.close();
      const again = opened(disk.dir);
      expect(again.workers()).toEqual([{ id: A, desired: "stopped" }]);
      expect(again.outcomeOf("c-3")).toEqual({ kind: "done" });
      expect(again.children(), "of processes that ended meanwhile").toEqual([]);
      expect(again.stats(A)).toEqual(NO_LINK);
    },
  );

  test("a supervisor that starts on it uses the content of the file", async ({ skip }) => {
    const disk = await smallDisk();
    if (!disk) return skip("mounting a tmpfs is not permitted here");
    const before = opened(disk.dir);
    before.setDesired(A, "running", 1);
    before.close();
    disk.fill();
    const { commands, db, states, fleet } = await host("stay", 0, disk.dir);
    await fleet.startDesired();
    await waitFor(() => states()["alpha"] === "RUNNING");
    await commands.carryOut(command("restart", "c-1"));
    await waitFor(() => states()["alpha"] === "RUNNING");
    expect(db.trouble()?.kind).toBe("record-unwritable");
  });

  test(
    "a first start on a read-only or missing folder keeps the record in memory and writes it " +
      "when it can",
    async ({ skip }) => {
      const disk = await smallDisk();
      if (!disk) return skip("mounting a tmpfs is not permitted here");
      run("mount", ["-o", "remount,ro", disk.dir]);
      const db = opened(disk.dir);
      db.setDesired(A, "running", 1);
      db.recordExit(A, EXIT);
      expect(db.history(A)).toHaveLength(1);
      expect(db.trouble()?.kind).toBe("record-unwritable");
      run("mount", ["-o", "remount,rw", disk.dir]);
      await waitFor(() => db.trouble() === null, { timeoutMs: 20_000 });
      db.close();
      expect(opened(disk.dir).history(A)).toHaveLength(1);
    },
  );

  test("a host.db that fails to open is not new: its content applies as soon as it opens", async ({
    skip,
  }) => {
    const disk = await smallDisk();
    if (!disk) return skip("mounting a tmpfs is not permitted here");
    const before = opened(disk.dir);
    before.setDesired(A, "stopped", 1);
    before.close();
    run("mount", ["-o", "remount,ro", disk.dir]);
    const db = opened(disk.dir);
    expect(db.isNew).toBe(false);
    run("mount", ["-o", "remount,rw", disk.dir]);
    await waitFor(() => db.workers().length === 1, { timeoutMs: 20_000 });
    expect(db.workers()).toEqual([{ id: A, desired: "stopped" }]);
  });

  test("changes before it opens are merged: newer rows win, and no row of the file is lost", async ({
    skip,
  }) => {
    const disk = await smallDisk();
    if (!disk) return skip("mounting a tmpfs is not permitted here");
    const [C, D, E] = ["gamma", "delta", "epsilon"].map(parseWorkerId) as [
      WorkerId,
      WorkerId,
      WorkerId,
    ];
    const exit = (at: number) => ({ ...EXIT, at });
    const messages = (count: number): LinkStatus => ({ ...NO_LINK, messages: count });
    const before = opened(disk.dir);
    for (const [index, id] of [A, B, C, D, E].entries()) {
      before.setDesired(id, "running", index + 1);
      before.recordExit(id, exit(1));
      before.keepOwnRules(id, { crashLimit: 3 }, 1);
      before.keepStats(id, messages(1));
    }
    const child = (pid: number, startTicks: string) => ({ pid, startTicks, bootId: "boot" });
    for (const pid of [11, 12, 13]) before.addChild(A, child(pid, "1"));
    before.keepOutcome("old", { kind: "done" }, 1);
    before.keepOutcome("both", { kind: "done" }, 1);
    before.keepFleet({ id: "of the file" });
    before.close();
    run("mount", ["-o", "remount,ro", disk.dir]);
    const db = opened(disk.dir);
    const found = Promise.withResolvers<void>();
    db.whenFound(() => found.resolve());
    db.setDesired(A, "stopped", 90);
    db.recordExit(A, exit(2));
    db.forgetExits(B);
    db.recordExit(B, exit(2));
    db.remove(C);
    db.remove(D);
    db.setDesired(D, "running", 91);
    db.keepStats(A, messages(2));
    db.addChild(A, child(12, "2"));
    db.removeChild(13);
    db.keepOutcome("both", { kind: "expired" }, 2);
    db.keepOutcome("new", { kind: "done" }, 2);
    run("mount", ["-o", "remount,rw", disk.dir]);
    await found.promise;
    const holds = (record: HostDb): void => {
      const desired = Object.fromEntries(
        record.workers().map((worker) => [worker.id, worker.desired]),
      );
      expect(desired).toEqual({
        alpha: "stopped",
        beta: "running",
        delta: "running",
        epsilon: "running",
      });
      expect(record.workers()[0]?.id, "the order of adding").toBe(A);
      const exits = [A, B, C, D, E].map((id) => record.history(id).map(({ at }) => at));
      expect(exits).toEqual([[1, 2], [2], [], [], [1]]);
      expect([A, C, D, E].map((id) => record.ownRules(id).crashLimit)).toEqual([
        3,
        undefined,
        undefined,
        3,
      ]);
      expect([A, D, E].map((id) => record.stats(id)?.messages)).toEqual([2, undefined, 1]);
      const children = record.children().map(({ pid, startTicks }) => [pid, startTicks]);
      expect(children.toSorted()).toEqual([
        [11, "1"],
        [12, "2"],
      ]);
      const outcomes = ["old", "both", "new"].map((id) => record.outcomeOf(id)?.kind);
      expect(outcomes).toEqual(["done", "expired", "done"]);
      expect(record.fleet()).toEqual({ id: "of the file" });
    };
    holds(db);
    await waitFor(() => db.trouble() === null, { timeoutMs: 20_000 });
    db.close();
    holds(opened(disk.dir));
  });
});

describe("a damaged host.db", () => {
  test.each([
    [
      "overwritten at its beginning",
      (path: string) => writeFileSync(path, `log line\n${"x".repeat(5000)}`),
    ],
    ["emptied", (path: string) => truncateSync(path, 0)],
    ["cut short", (path: string) => truncateSync(path, 5000)],
    ["a text file", (path: string) => writeFileSync(path, "hello")],
    ["garbage in its middle", (path: string) => writeFileSync(path, garbled(readFileSync(path)))],
  ])("%s is renamed and reported, and a new one is created", async (_what, damage) => {
    const dir = await testDir("record-");
    const first = opened(dir);
    first.setDesired(A, "running", 1);
    for (let n = 0; n < 200; n++) first.recordExit(A, EXIT);
    first.close();
    damage(`${dir}/host.db`);
    const content = readFileSync(`${dir}/host.db`);
    const db = opened(dir);
    expect(db.isNew).toBe(true);
    expect(db.trouble()).toMatchObject({
      kind: "record-set-aside",
      detail: expect.stringContaining(`${dir}/host.db.damaged-`),
    });
    const kept = readdirSync(dir).find((name) => /^host\.db\.damaged-\w+$/.test(name));
    expect(readFileSync(`${dir}/${kept}`).equals(content)).toBe(true);
    db.setDesired(B, "running", 1);
    db.close();
    expect(opened(dir).workers()).toEqual([{ id: B, desired: "running" }]);
  });

  test("an error that is no damage is reported, and the file stays in place", async () => {
    const dir = await testDir("record-");
    opened(dir).close();
    const path = `${dir}/host.db`;
    const statements = "ALTER TABLE worker RENAME TO other";
    execFileSync(process.execPath, [
      "-e",
      `new (require("better-sqlite3"))(${JSON.stringify(path)}).exec("${statements}")`,
    ]);
    const db = opened(dir);
    expect(db.trouble()).toEqual({ kind: "record-unwritable", detail: `${path}: sqlite-error` });
    expect(db.isNew).toBe(false);
    expect(readdirSync(dir).filter((name) => name.includes("damaged"))).toEqual([]);
  });

  test("one that another supervisor holds or a newer version wrote is refused and left as it is", async () => {
    const dir = await testDir("record-");
    opened(dir);
    expect(() => new HostDb(`${dir}/host.db`)).toThrow(AppError);
    expect(readdirSync(dir).filter((name) => name.includes("damaged"))).toEqual([]);
  });
});

function garbled(bytes: Buffer): Buffer {
  for (let page = 4096; page < bytes.length; page += 4096) bytes.fill(0xff, page, page + 100);
  return bytes;
}
