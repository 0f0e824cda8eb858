import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { testDir, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { AdminChat } from "./support/chat.ts";
import { startFleetIn } from "./support/fleet.ts";

function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, { stdio: "pipe" });
}

const MB = 1024 * 1024;

/** A folder for a fleet, with its data on a disk of its own; null where mounting is not permitted. */
async function smallDisk(): Promise<{ dir: string; disk: string } | null> {
  const dir = await testDir("full-disk-");
  const disk = join(dir, "data");
  mkdirSync(disk);
  try {
    run("mount", ["-t", "tmpfs", "-o", "size=160m,mode=700", "tmpfs", disk]);
  } catch {
    return null;
  }
  onTestFinished(() => void run("umount", ["-l", disk]));
  return { dir, disk };
}

/** Takes all there is, to the last byte. */
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

test("a disk that is full while everything runs is named at once; accounts stay, presses are answered, and all goes on by itself", async ({
  skip,
}) => {
  const place = await smallDisk();
  if (place === null) return skip("mounting a tmpfs is not permitted here");
  const fleet = await startFleetIn(place.dir);
  const [, bot = "", supervisor = ""] = /Health: (\S+) \(bot\), (\S+) \(supervisor\)/.exec(fleet.process.stdout) ?? [];
  const is = async (states: string): Promise<boolean> =>
    new RegExp(`flotilla_workers\\{state="(${states})"[^}]*\\} [1-9]`).test(
      await body(supervisor.replace("healthz", "metrics")),
    );
  await waitFor(() => is("RUNNING"), { what: "a worker to run" });
  const chat = new AdminChat(fleet);
  await chat.start();
  fill(place.disk);
  const begun = performance.now();
  for (const health of [bot, supervisor])
    await waitFor(async () => /disk of \S+ is full: 0 MB free/.test(await body(health)), {
      what: `${health} to name the disk`,
    });
  expect(performance.now() - begun).toBeLessThan(3000);
  await chat.shows(/disk.* is full[\s\S]*0 MB/);
  for (let round = 0; round < 3; round++) {
    expect((await chat.press("Refresh")).answered).toBe(true);
    // Connected, with trouble on its card.
    expect(await is("RUNNING|DEGRADED")).toBe(true);
  }
  expect(statfsSync(place.disk).bavail).toBeLessThan(64);
  rmSync(join(place.disk, "filler"));
  for (const health of [bot, supervisor])
    await waitFor(async () => !(await body(health)).includes("disk of"), { what: `${health} to be well` });
  await waitFor(() => is("RUNNING"), { what: "the worker to be without trouble" });
  expect((await chat.press("Refresh")).answered).toBe(true);
});
