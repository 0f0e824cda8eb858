import { readFile } from "node:fs/promises";
import path from "node:path";
import { spawnNode, testDir } from "@flotilla/testkit";
import { expect, test } from "vitest";

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

test("who waits is told once what for", async () => {
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
