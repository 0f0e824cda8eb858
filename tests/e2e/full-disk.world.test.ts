import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { testDir, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { AdminChat } from "./support/chat.ts";
import { hasWorker, healthsOf, runsWorker, startFleetIn } from "./support/fleet.ts";

function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, { stdio: "pipe" });
}

const MB = 1024 * 1024;

/** Mounts a new disk at `disk`; false where mounting is not permitted. */
function mounted(disk: string, size: string): boolean {
  mkdirSync(disk, { recursive: true });
  try {
    run("mount", ["-t", "tmpfs", "-o", `size=${size},mode=700`, "tmpfs", disk]);
  } catch {
    return false;
  }
  onTestFinished(() => void run("umount", ["-l", disk]));
  return true;
}

/** A folder for a fleet, with its data on a separate disk; null where mounting is not permitted. */
async function smallDisk(): Promise<{ dir: string; disk: string } | null> {
  const dir = await testDir("full-disk-");
  const disk = join(dir, "data");
  return mounted(disk, "160m") ? { dir, disk } : null;
}

/** A running fleet and its health endpoints. */
async function runningFleet(dir: string, env: Readonly<Record<string, string>> = {}) {
  const fleet = await startFleetIn(dir, env);
  const is = (states: string): Promise<boolean> => hasWorker(fleet, states);
  await runsWorker(fleet);
  const chat = new AdminChat(fleet);
  await chat.start();
  return { fleet, chat, is, healths: healthsOf(fleet) };
}

/** Fills the disk to the last byte. */
function fill(disk: string): void {
  for (const size of [MB, 4096, 1])
    try {
      for (;;) writeFileSync(join(disk, "filler"), Buffer.alloc(size), { flag: "a" });
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe("ENOSPC");
    }
}

async function body(url: string): Promise<string> {
  return await (await fetch(url, { signal: AbortSignal.timeout(2000) })).text();
}

test(
  "a disk that fills up under a running fleet is named at once; accounts and buttons work, " +
    "and it recovers automatically",
  async ({ skip }) => {
    const place = await smallDisk();
    if (place === null) return skip("mounting a tmpfs is not permitted here");
    const { chat, is, healths } = await runningFleet(place.dir);
    fill(place.disk);
    const begun = performance.now();
    for (const health of healths)
      await waitFor(async () => /disk of \S+ is full: 0 MB free/.test(await body(health)), {
        what: `${health} to name the disk`,
      });
    expect(performance.now() - begun).toBeLessThan(3000);
    await chat.shows(/disk.* is full[\s\S]*0 MB/);
    for (let round = 0; round < 3; round++) {
      expect((await chat.press("Refresh")).answered).toBe(true);
      // Connected, with the fault on its card.
      expect(await is("RUNNING|DEGRADED")).toBe(true);
    }
    expect(statfsSync(place.disk).bavail).toBeLessThan(64);
    rmSync(join(place.disk, "filler"));
    for (const health of healths)
      await waitFor(async () => !(await body(health)).includes("disk of"), {
        what: `${health} to be well`,
      });
    await waitFor(() => is("RUNNING"), { what: "the worker to be without trouble" });
    expect((await chat.press("Refresh")).answered).toBe(true);
  },
);

test("a full log disk stops nothing: it is named, accounts and buttons work, and messages arrive", async ({
  skip,
}) => {
  const dir = await testDir("full-logs-");
  const logs = join(dir, "data/sandbox/logs");
  if (!mounted(logs, "4m")) return skip("mounting a tmpfs is not permitted here");
  const { chat, is, healths } = await runningFleet(dir);
  fill(logs);
  // The bot reports only the disk of its database, the supervisor all disks of its host.
  const [, supervisor = ""] = healths;
  const begun = performance.now();
  await waitFor(async () => /disk of \S+logs is full/.test(await body(supervisor)), {
    what: "the supervisor to name the disk",
  });
  expect(performance.now() - begun).toBeLessThan(3000);
  await chat.shows(/disk.* is full[\s\S]*logs/);
  await chat.press("Workers");
  await chat.press("demo_1");
  await chat.press("Restart");
  await chat.shows(/Restarted (?:just now|\d+ min ago) \(\d\d:\d\d/);
  await chat.shows(/Status: healthy/);
  expect(await is("DEGRADED")).toBe(false);
  rmSync(join(logs, "filler"));
  await waitFor(async () => !(await body(supervisor)).includes("disk of"), {
    what: "the supervisor to be well",
  });
});

test("a full data disk with space for the logs: accounts stay, and it is named within a second", async ({
  skip,
}) => {
  const place = await smallDisk();
  if (place === null || !mounted(join(place.disk, "sandbox/logs"), "16m"))
    return skip("mounting a tmpfs is not permitted here");
  const { chat, is, healths } = await runningFleet(place.dir);
  fill(place.disk);
  const begun = performance.now();
  for (const health of healths)
    await waitFor(async () => /disk of \S+ is full: 0 MB free/.test(await body(health)), {
      what: `${health} to name the disk`,
    });
  expect(performance.now() - begun).toBeLessThan(3000);
  await chat.shows(/disk.* is full[\s\S]*0 MB/);
  expect(await is("RUNNING|DEGRADED")).toBe(true);
  rmSync(join(place.disk, "filler"));
  await waitFor(() => is("RUNNING"), { what: "the worker to be without trouble" });
});

test("a full temporary folder stops nothing", async ({ skip }) => {
  const dir = await testDir("full-temp-");
  const temp = join(dir, "temp");
  if (!mounted(temp, "1m")) return skip("mounting a tmpfs is not permitted here");
  fill(temp);
  const { chat, is } = await runningFleet(dir, { TMPDIR: temp });
  await chat.press("Workers");
  await chat.press("demo_1");
  await chat.press("Restart");
  await chat.shows(/Restarted (?:just now|\d+ min ago) \(\d\d:\d\d/);
  await waitFor(() => is("RUNNING"), { what: "the worker to run again" });
  expect(await is("DEGRADED|LOCKED")).toBe(false);
});
