import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assertNoUnfinishedRestore, restoreArchive, verifyArchive } from "@flotilla/archive";
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
/** Processes at a time. */
const LANES = 3;

let dir = "";
beforeEach(async () => {
  dir = await testDir("broken-");
});

/** Whether every name in a folder is of an archive that is whole. */
async function assertOnlyWhole(folder: string): Promise<number> {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const whole = names.filter((name) => name.endsWith(".flotilla"));
  for (const name of whole)
    await verifyArchive({
      path: join(folder, name),
      fleetKey: FLEET_KEY,
      scratch: join(folder, "..", "scratch"),
    });
  return whole.length;
}

/** Runs `work` for 1, 2, 3, … in lanes until it says that there are no more steps. */
async function forEachStep(work: (step: number) => Promise<"more" | "over">): Promise<number> {
  let next = 1;
  let isOver = false;
  const lane = async (): Promise<void> => {
    while (!isOver) {
      const step = next;
      next += 1;
      if ((await work(step)) === "over") isOver = true;
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return next;
}

test("a backup that is killed at any step leaves no archive that is not whole, and the next one works", async () => {
  const steps = await forEachStep(async (step) => {
    const own = join(dir, `make-${step}`);
    mkdirSync(own);
    makeDataDir(join(own, "data"), ["ann"]);
    const child = spawnNode(KILLED, ["make", own, "", String(step)]);
    const { signal } = await child.exited;
    const found = await assertOnlyWhole(join(own, "archives"));
    if (signal === null) return "over";
    expect(signal, child.stderr).toBe("SIGKILL");
    expect(found, `killed at step ${step}`).toBe(0);
    await make(own);
    expect(readdirSync(join(own, "archives")), `after step ${step}`).toHaveLength(1);
    expect(readdirSync(join(own, "data"))).not.toContain("backing-up");
    rmSync(own, { recursive: true });
    return "more";
  });
  expect(steps).toBeGreaterThan(20);
});

test("a restore that is killed at any step has done nothing, or is finished by the same call", async () => {
  makeDataDir(join(dir, "data"), ["ann"]);
  writeSetting(join(dir, "data"), "word", "kept");
  const { path } = await make(dir);
  const key = keyOf(join(dir, "data"), "ann");
  const ends = { nothing: 0, unfinished: 0 };
  await forEachStep(async (step) => {
    const own = join(dir, `restore-${step}`);
    mkdirSync(own);
    const restored = join(own, "restored");
    const child = spawnNode(KILLED, ["restore", own, path, String(step)]);
    const { signal } = await child.exited;
    if (signal === null) return "over";
    expect(signal, child.stderr).toBe("SIGKILL");
    const isUnfinished = isRefused(restored);
    ends[isUnfinished ? "unfinished" : "nothing"] += 1;
    if (!isUnfinished) expect(readdirSync(restored), `step ${step}`).not.toContain("control.db");
    await restoreArchive({ path, dataDir: restored, fleetKey: FLEET_KEY });
    expect(isRefused(restored)).toBe(false);
    expect(readSetting(restored, "word")).toBe("kept");
    expect(keyOf(restored, "ann"), `step ${step}`).toBe(key);
    expect(readdirSync(restored)).not.toContain("restoring");
    rmSync(own, { recursive: true });
    return "more";
  });
  expect(ends.nothing).toBeGreaterThan(5);
  expect(ends.unfinished).toBeGreaterThan(3);
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
  const child = spawnNode(KILLED, ["restore", dir, path, String(total)]);
  expect(await child.exited).toMatchObject({ signal: "SIGKILL" });
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
