import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { type HostCommand, NO_LINK } from "@flotilla/contracts";
import { AppError, parseWorkerId } from "@flotilla/kernel";
import { testDir, waitFor } from "@flotilla/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import { HostDb } from "../src/host-db.ts";
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
  const fill = (): void => expect(() => writeFileSync(`${dir}/filler`, Buffer.alloc(2 ** 22))).toThrow("ENOSPC");
  return { dir, fill, free: () => rmSync(`${dir}/filler`) };
}

describe("a disk of host.db that is full", () => {
  test("a worker that dies then is started again, is stopped and started by command, and all of it is written when there is room", async ({
    skip,
  }) => {
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
    expect(db.trouble()).toMatchObject({ kind: "record-unwritable", message: expect.stringContaining("The disk is full") });
    expect(db.trouble()?.failures).toBeGreaterThan(5);
    disk.free();
    db.keepStats(A, NO_LINK);
    expect(db.trouble()).toBeNull();
    db.close();
    const again = opened(disk.dir);
    expect(again.workers()).toEqual([{ id: A, desired: "stopped" }]);
    expect(again.outcomeOf("c-3")).toEqual({ kind: "done" });
    expect(again.children(), "of processes that ended meanwhile").toEqual([]);
    expect(again.stats(A)).toEqual(NO_LINK);
  });

  test("a start on it goes on with what is there", async ({ skip }) => {
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

  test("a first start on a read-only or missing place keeps it in memory, and writes it when it can", async ({ skip }) => {
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
  });

  test("a host.db that cannot be opened for now is no new one: what is in it holds as soon as it can be", async ({ skip }) => {
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
});

describe("a damaged host.db", () => {
  test.each([
    ["overwritten at its beginning", (path: string) => writeFileSync(path, `log line\n${"x".repeat(5000)}`)],
    ["emptied", (path: string) => truncateSync(path, 0)],
    ["cut short", (path: string) => truncateSync(path, 5000)],
    ["a text file", (path: string) => writeFileSync(path, "hello")],
    ["garbage in its middle", (path: string) => writeFileSync(path, garbled(readFileSync(path)))],
  ])("%s is set aside as it is, told, and a new one is begun", async (_what, damage) => {
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
      message: expect.stringContaining(`${dir}/host.db.damaged-`),
    });
    const kept = readdirSync(dir).find((name) => /^host\.db\.damaged-\w+$/.test(name));
    expect(readFileSync(`${dir}/${kept}`).equals(content)).toBe(true);
    db.setDesired(B, "running", 1);
    db.close();
    expect(opened(dir).workers()).toEqual([{ id: B, desired: "running" }]);
  });

  test("one that another supervisor has, or a newer version wrote, is refused and left alone", async () => {
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
