import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { spawnNode, spawnProcess, testDir } from "@flotilla/testkit";
import { describe, expect, test } from "vitest";

const locked = path.join(import.meta.dirname, "fixtures", "locked.mjs");

test.each([
  { wait: "30", times: 1 },
  { wait: "0", times: 200 },
])("launchers take turns, $times times each", async ({ wait, times }) => {
  const dir = await testDir();
  const [lock, journal] = [path.join(dir, "cache", "lock"), path.join(dir, "journal")];
  const processes = [1, 2, 3].map(() => spawnNode(locked, [lock, journal, wait, String(times)]));
  for (const each of processes) expect(await each.exited).toEqual({ code: 0, signal: null });
  const lines = (await readFile(journal, "utf8")).trim().split("\n");
  expect(lines).toHaveLength(6 * times);
  for (let index = 0; index < lines.length; index += 2) {
    expect(lines[index + 1]).toBe(lines[index]?.replace("in", "out"));
  }
});

test("a waiting launcher says once what it waits for", async () => {
  const dir = await testDir();
  const args = [path.join(dir, "lock"), path.join(dir, "journal")];
  const holder = spawnNode(locked, [...args, "kept"]);
  await holder.waitForOutput("holding");
  const waiter = spawnNode(locked, [...args, "0"]);
  await waiter.waitForOutput("waiting for another start to finish the test");
  holder.kill("SIGKILL");
  expect(await waiter.exited).toEqual({ code: 0, signal: null });
  expect(waiter.stderr.match(/waiting/g)).toHaveLength(1);
});

test("the lock of a killed launcher is taken over", async () => {
  const dir = await testDir();
  const args = [path.join(dir, "lock"), path.join(dir, "journal")];
  const dead = spawnNode(locked, [...args, "kept"]);
  await dead.waitForOutput("holding");
  dead.kill("SIGKILL");
  await dead.exited;
  const heirs = [spawnNode(locked, [...args, "10"]), spawnNode(locked, [...args, "10"])];
  for (const each of heirs) expect(await each.exited).toEqual({ code: 0, signal: null });
});

/** The content of a launcher's lock; `ticks` replaces the start time with another one. */
function written(pid: number, ticks?: string): string {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const own = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  return `${pid} ${ticks ?? own} ${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()}`;
}

async function left(holder: string): Promise<string[]> {
  const dir = await testDir();
  mkdirSync(path.join(dir, "lock"));
  writeFileSync(path.join(dir, "lock", "pid"), holder);
  return [path.join(dir, "lock"), path.join(dir, "journal")];
}

describe.runIf(process.platform === "linux")("a lock whose holder's pid is in use", () => {
  test("by a process that started at another time is taken over at once", async () => {
    const waiter = spawnNode(locked, [...(await left(written(process.pid, "1"))), "0"]);
    expect((await waiter.exited).code).toBe(0);
  });

  test("of another boot is taken over at once", async () => {
    const holder = written(process.pid).replace(/\S+$/, "11111111-2222-3333-4444-555555555555");
    expect((await spawnNode(locked, [...(await left(holder)), "0"]).exited).code).toBe(0);
  });

  test.each(["the holder itself", "an older launcher, which wrote no start time"])(
    "by %s is waited for",
    async (what) => {
      const holder = what === "the holder itself" ? written(process.pid) : String(process.pid);
      const waiter = spawnNode(locked, [...(await left(holder)), "0"]);
      await waiter.waitForOutput("waiting for another start");
      expect(waiter.child.exitCode).toBeNull();
    },
  );

  test.each(["1", "1 12345 11111111-2222-3333-4444-555555555555"])(
    "by the checking launcher itself, as in a restarted container (%s), is no holder",
    async (holder) => {
      const args = [...(await left(holder)), "0"];
      const again = spawnProcess("unshare", [
        "-p",
        "-f",
        "--mount-proc",
        process.execPath,
        locked,
        ...args,
      ]);
      const { code } = await again.exited;
      if (again.stderr.includes("Operation not permitted")) return;
      expect(code).toBe(0);
    },
  );
});
