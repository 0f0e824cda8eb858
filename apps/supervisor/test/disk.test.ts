import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import type { HostCommand, WorkerStatus } from "@flotilla/contracts";
import { parseWorkerId } from "@flotilla/kernel";
import { openSession } from "@flotilla/session-store";
import { testDir, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { FLEET_KEY, host } from "./host.ts";

const A = parseWorkerId("alpha");

function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, { stdio: "pipe" });
}

/**
 * A data folder whose sessions are on a disk of 8 MiB, with one of them on it; null where mounting
 * is not permitted.
 */
async function smallDisk(): Promise<{ dataDir: string; disk: string } | null> {
  const dataDir = await testDir("disk-");
  const disk = `${dataDir}/sessions`;
  mkdirSync(disk);
  try {
    run("mount", ["-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs", disk]);
  } catch {
    return null;
  }
  onTestFinished(() => run("umount", ["-l", disk]));
  openSession({ dir: disk, name: A, fleetKey: FLEET_KEY }).close();
  return { dataDir, disk };
}

const start = (id: string): HostCommand => {
  const askedBy = { id: "777", name: "Ann" };
  return {
    v: 1,
    kind: "start",
    askedBy,
    askedAt: 1,
    id,
    worker: A,
    deadlineAt: Date.now() + 60_000,
  };
};

const CAUSES = [
  {
    what: "read-only",
    code: "sqlite-readonly",
    come: (disk: string) => run("mount", ["-o", "remount,ro", disk]),
    go: (disk: string) => run("mount", ["-o", "remount,rw", disk]),
  },
  {
    what: "full",
    code: "sqlite-full",
    come: (disk: string) => {
      expect(() => writeFileSync(`${disk}/filler`, Buffer.alloc(2 ** 24))).toThrow("ENOSPC");
    },
    go: (disk: string) => rmSync(`${disk}/filler`),
  },
];

test.for(CAUSES)(
  "a disk that is $what parks the worker with its own fault; it starts automatically when " +
    "the disk works, not before",
  async ({ code, come, go }, { skip }) => {
    const place = await smallDisk();
    if (place === null) return skip("mounting a tmpfs is not permitted here");
    const { commands, events, starts, states, fleet } = await host("session", 0, place.dataDir);
    come(place.disk);
    await commands.carryOut(start("command-1"));
    const status = (): WorkerStatus | undefined => fleet.statuses()[0];
    expect(status()).toMatchObject({
      state: "BROKEN",
      pid: null,
      crashes: 0,
      fault: { class: "DB_BROKEN", code },
    });
    expect(
      events
        .filter((event) => event.kind === "worker.exited")
        .map(({ exit }) => exit.decision.kind),
    ).toEqual(["park"]);
    go(place.disk);
    await waitFor(() => states()["alpha"] === "RUNNING", { what: "the worker to run" });
    expect(starts(), "one start, and one more when the disk works").toBe(2);
    const told = events.flatMap((event) =>
      event.kind === "worker.state" ? [event.status.state] : [],
    );
    expect(told).toEqual(["STARTING", "BROKEN", "STARTING", "RUNNING"]);
  },
);
