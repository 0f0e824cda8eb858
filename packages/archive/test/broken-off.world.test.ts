import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assertNoUnfinishedRestore, restoreArchive } from "@flotilla/archive";
import { AppError } from "@flotilla/kernel";
import { spawnNode, testDir } from "@flotilla/testkit";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import {
  FLEET_KEY,
  failureOf,
  keyOf,
  make,
  makeDataDir,
  readSetting,
  writeSetting,
} from "./kit.ts";

const KILLED = fileURLToPath(new URL("fixtures/killed.ts", import.meta.url));

let dir = "";
beforeEach(async () => {
  dir = await testDir("broken-");
});

/** Names in a folder that say that an archive is finished. */
function wholeIn(folder: string): string[] {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names.filter((name) => name.endsWith(".flotilla"));
}

/** A copy of `folder` from before each step: what a kill at that step leaves on the disk. */
class Disk {
  readonly #folder: string;
  readonly left: string[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  readonly onStep = (): void => {
    const copy = `${this.#folder}-${this.left.length + 1}`;
    // Opening and closing a lock file here would end the lock that this process holds on it.
    const filter = (from: string): boolean => !from.endsWith(".lock");
    cpSync(this.#folder, copy, { recursive: true, preserveTimestamps: true, filter });
    this.left.push(copy);
  };
}

/** Runs the fixture and expects that it kills itself at this step. */
async function killedAt(step: number, args: readonly string[]): Promise<void> {
  const child = spawnNode(KILLED, [...args, String(step)]);
  const { signal } = await child.exited;
  expect(signal, `step ${step}: ${child.stderr}`).toBe("SIGKILL");
}

test("a backup that is killed at any step leaves no archive that is not whole, and the next one works", async () => {
  const own = join(dir, "own");
  makeDataDir(join(own, "data"), ["ann"]);
  const real = join(dir, "real");
  cpSync(own, real, { recursive: true });
  const disk = new Disk(own);
  await make(own, { onStep: disk.onStep });
  expect(disk.left.length).toBeGreaterThan(20);
  for (const left of disk.left) await assertNextWorks(left);
  for (const step of [2, disk.left.length]) {
    await killedAt(step, ["make", real, ""]);
    await assertNextWorks(real);
    rmSync(join(real, "archives"), { recursive: true });
  }
});

async function assertNextWorks(own: string): Promise<void> {
  expect(wholeIn(join(own, "archives")), own).toEqual([]);
  await make(own);
  expect(readdirSync(join(own, "archives")), own).toHaveLength(1);
  expect(readdirSync(join(own, "data")), own).not.toContain("backing-up");
}

test("a restore that is killed at any step has done nothing, or is finished by the same call", async () => {
  makeDataDir(join(dir, "data"), ["ann"]);
  writeSetting(join(dir, "data"), "word", "kept");
  const { path } = await make(dir);
  const key = keyOf(join(dir, "data"), "ann");
  const disk = new Disk(join(dir, "own"));
  await restoreArchive({
    path,
    dataDir: join(dir, "own"),
    fleetKey: FLEET_KEY,
    onStep: disk.onStep,
  });
  const ends = { nothing: 0, unfinished: 0 };
  const assertFinished = async (restored: string): Promise<void> => {
    const isUnfinished = isRefused(restored);
    ends[isUnfinished ? "unfinished" : "nothing"] += 1;
    if (!isUnfinished) expect(readdirSync(restored), restored).not.toContain("control.db");
    await restoreArchive({ path, dataDir: restored, fleetKey: FLEET_KEY });
    expect(isRefused(restored)).toBe(false);
    expect(readSetting(restored, "word")).toBe("kept");
    expect(keyOf(restored, "ann"), restored).toBe(key);
    expect(readdirSync(restored)).not.toContain("restoring");
  };
  for (const left of disk.left) await assertFinished(left);
  expect(ends.nothing).toBeGreaterThan(5);
  expect(ends.unfinished).toBeGreaterThan(3);
  await killedAt(3, ["restore", dir, path]);
  await assertFinished(join(dir, "restored"));
});

function isRefused(dataDir: string): boolean {
  try {
    assertNoUnfinishedRestore(dataDir);
    return false;
  } catch (error) {
    if (error instanceof AppError && error.code === "restore-unfinished") return true;
    throw error;
  }
}

test("only its own archive finishes a restore that was cut off", async () => {
  makeDataDir(join(dir, "data"), ["ann"]);
  const { path } = await make(dir);
  const other = await make(dir);
  const restored = join(dir, "restored");
  // The last step removes the note.
  const total = await stepsOf((onStep) =>
    restoreArchive({ path, dataDir: join(dir, "counted"), fleetKey: FLEET_KEY, onStep }),
  );
  await killedAt(total, ["restore", dir, path]);
  const wrong = restoreArchive({ path: other.path, dataDir: restored, fleetKey: FLEET_KEY });
  expect((await failureOf(wrong)).code).toBe("restore-unfinished");
  await restoreArchive({ path, dataDir: restored, fleetKey: FLEET_KEY });
  expect(isRefused(restored)).toBe(false);
});

async function stepsOf(work: (onStep: () => void) => Promise<unknown>): Promise<number> {
  let steps = 0;
  await work(() => {
    steps += 1;
  });
  return steps;
}

test("an error at any step of a backup leaves nothing behind", async () => {
  makeDataDir(join(dir, "data"), ["ann"]);
  const folder = join(dir, "archives");
  for (let step = 1; ; step += 1) {
    let steps = 0;
    const onStep = (): void => {
      steps += 1;
      if (steps === step) throw Object.assign(new Error("full"), { code: "ENOSPC" });
    };
    const result = await make(dir, { onStep }).catch((error: unknown) => error);
    if (steps < step) break; // It has no more steps.
    expect(result, `step ${step}`).toMatchObject({ code: "disk-full" });
    expect(readdirSync(folder), `step ${step}`).toEqual([]);
    expect(readdirSync(join(dir, "data")), `step ${step}`).not.toContain("backing-up");
  }
  expect(readdirSync(folder)).toHaveLength(1);
});

test("an error at any step of a restore leaves nothing behind, or is finished by the same call", async () => {
  makeDataDir(join(dir, "data"), ["ann"]);
  const { path } = await make(dir);
  const key = keyOf(join(dir, "data"), "ann");
  const into = (dataDir: string, onStep: () => void) =>
    restoreArchive({ path, dataDir, fleetKey: FLEET_KEY, onStep });
  const total = await stepsOf((onStep) => into(join(dir, "counted"), onStep));
  for (let step = 1; step <= total; step += 1) {
    const restored = join(dir, `restored-${step}`);
    let steps = 0;
    const failing = into(restored, () => {
      steps += 1;
      if (steps === step) throw Object.assign(new Error("full"), { code: "ENOSPC" });
    });
    await expect(failing, `step ${step}`).rejects.toThrow();
    if (!isRefused(restored)) expect(readdirSync(restored)).toEqual(["instance.lock"]);
    await into(restored, () => {});
    expect(keyOf(restored, "ann"), `step ${step}`).toBe(key);
  }
});

/** A file system of its own; null where mounting is not permitted. */
function smallDisk(megabytes: number): string | null {
  const disk = join(dir, "disk");
  mkdirSync(disk);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m,mode=700`, "tmpfs", disk], {
      stdio: "pipe",
    });
  } catch {
    return null;
  }
  onTestFinished(() => void execFileSync("umount", ["-l", disk], { stdio: "pipe" }));
  return disk;
}

test("a disk that is too small is refused before a byte is written", async ({ skip }) => {
  const disk = smallDisk(8);
  if (disk === null) return skip("mounting a tmpfs is not permitted here");
  makeDataDir(join(dir, "data"), ["ann"]);
  expect((await failureOf(make(dir, { folder: disk }))).code).toBe("disk-full");
  expect(readdirSync(disk)).toEqual([]);
});

test("a disk that fills up in the middle of a restore leaves nothing behind", async ({ skip }) => {
  const disk = smallDisk(1);
  if (disk === null) return skip("mounting a tmpfs is not permitted here");
  makeDataDir(join(dir, "data"), ["ann", "bob", "cid", "dan"]);
  const { path, manifest } = await make(dir);
  expect(manifest.files.reduce((sum, { bytes }) => sum + bytes, 0)).toBeGreaterThan(1024 * 1024);
  const failing = restoreArchive({ path, dataDir: join(disk, "data"), fleetKey: FLEET_KEY });
  expect((await failureOf(failing)).code).toBe("disk-full");
  expect(readdirSync(join(disk, "data"))).toEqual(["instance.lock"]);
});
