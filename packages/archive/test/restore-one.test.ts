import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { finishPutBack, lookInto, restoreOne, setAside } from "@flotilla/archive";
import { systemClock } from "@flotilla/kernel";
import { lockFile, openDatabase } from "@flotilla/sqlite";
import { testDir } from "@flotilla/testkit";
import { expect, test } from "vitest";
import {
  CONTROL,
  FLEET_KEY,
  failureOf,
  keyOf,
  make,
  makeDataDir,
  readSetting,
  writeSetting,
} from "./kit.ts";

async function archived() {
  const dir = await testDir();
  const dataDir = join(dir, "data");
  makeDataDir(dataDir);
  writeSetting(dataDir, "quiet", "before");
  const { path } = await make(dir);
  writeSetting(dataDir, "quiet", "after");
  const restore = (more: Partial<Parameters<typeof restoreOne>[0]> = {}) =>
    restoreOne({
      path,
      dataDir,
      fleetKey: FLEET_KEY,
      name: "control.db",
      clock: systemClock,
      ...more,
    });
  return { dataDir, path, restore };
}

const leftIn = (dataDir: string): string[] =>
  readdirSync(dataDir).filter((name) => name.startsWith("restoring"));

test("one database is put back, the rest stays, and the replaced one is kept", async () => {
  const { dataDir, restore } = await archived();
  const key = keyOf(dataDir, "ann");
  const { replaced } = await restore();
  expect(readSetting(dataDir, "quiet")).toBe("before");
  expect(keyOf(dataDir, "ann")).toBe(key);
  expect(replaced?.startsWith(join(dataDir, "control.db.replaced-"))).toBe(true);
  expect(leftIn(dataDir)).toEqual([]);
});

test("a damaged database with a journal is replaced; the journal does not come back", async () => {
  const { dataDir, restore } = await archived();
  const target = join(dataDir, "control.db");
  writeFileSync(target, "this is no database");
  writeFileSync(`${target}-wal`, Buffer.alloc(4096, 1));
  const { replaced } = await restore();
  expect(readSetting(dataDir, "quiet")).toBe("before");
  expect(readFileSync(replaced ?? "", "utf8")).toBe("this is no database");
  expect(existsSync(`${replaced}-wal`)).toBe(true);
});

test("a missing database is put back", async () => {
  const { dataDir, restore } = await archived();
  rmSync(join(dataDir, "control.db"));
  expect((await restore()).replaced).toBeNull();
  expect(readSetting(dataDir, "quiet")).toBe("before");
});

test("a database in use, and a wrong key, change nothing", async () => {
  const { dataDir, restore } = await archived();
  {
    const path = join(dataDir, "control.db");
    using _held = openDatabase({ path, role: "control", migrations: CONTROL });
    expect((await failureOf(restore())).code).toBe("sqlite-locked");
  }
  const wrong = restore({ fleetKey: Buffer.alloc(32, 9) });
  expect((await failureOf(wrong)).code).toBe("wrong-fleet-key");
  expect(readSetting(dataDir, "quiet")).toBe("after");
});

/** Calls `work` on fresh copies of a case, broken off before its 1st, 2nd, … step. */
async function brokenAtEach(
  work: (at: Awaited<ReturnType<typeof archived>>, onStep: () => void) => Promise<unknown>,
  then: (at: Awaited<ReturnType<typeof archived>>, step: number) => Promise<void>,
): Promise<number> {
  for (let step = 1; ; step += 1) {
    const at = await archived();
    writeFileSync(join(at.dataDir, "control.db"), "this is no database");
    writeFileSync(join(at.dataDir, "control.db-wal"), Buffer.alloc(4096, 1));
    let n = 0;
    const broken = await work(at, () => {
      n += 1;
      if (n === step) throw new Error("the power is gone");
    }).then(
      () => false,
      () => true,
    );
    await then(at, step);
    if (!broken) return step;
  }
}

/** Each database and journal that was taken out of its place. */
const keptIn = (dataDir: string): string[] =>
  readdirSync(dataDir)
    .filter((name) => name.startsWith("control.db.replaced-"))
    .toSorted();

test("broken off at any step, the same call again puts it back, and keeps all under one time", async () => {
  const steps = await brokenAtEach(
    ({ restore }, onStep) => restore({ onStep }),
    async ({ dataDir, restore }, step) => {
      const { replaced } = await restore();
      expect(readSetting(dataDir, "quiet")).toBe("before");
      expect(leftIn(dataDir)).toEqual([]);
      // The last one was whole already: the sound database of the first call goes aside.
      const all = keptIn(dataDir);
      const first = all[0] ?? "";
      expect(all.slice(0, 2), `step ${step}`).toEqual([first, `${first}-wal`]);
      expect(readFileSync(join(dataDir, first), "utf8")).toBe("this is no database");
      expect(replaced, `step ${step}`).not.toBeNull();
    },
  );
  expect(steps).toBeGreaterThan(7);
});

test("broken off at any step, the next start has the former database or finishes", async () => {
  const ends = { before: 0, after: 0 };
  await brokenAtEach(
    ({ restore }, onStep) => restore({ onStep }),
    async ({ dataDir }, step) => {
      const done = await finishPutBack({ dataDir, name: "control.db" });
      const isBack = keptIn(dataDir).length > 0;
      ends[isBack ? "after" : "before"] += 1;
      if (isBack) expect(readSetting(dataDir, "quiet"), `step ${step}`).toBe("before");
      else expect(existsSync(join(dataDir, "control.db-wal")), `step ${step}`).toBe(true);
      if (done) expect(done.replaced).toBe(join(dataDir, keptIn(dataDir)[0] ?? ""));
    },
  );
  expect(ends.before).toBeGreaterThan(3);
  expect(ends.after).toBeGreaterThan(3);
});

test("a database is set aside with its journal, broken off at any step", async () => {
  const aside = (dataDir: string, onStep = (): void => {}) =>
    setAside({ dataDir, name: "control.db", onStep }, systemClock.now());
  await brokenAtEach(
    ({ dataDir }, onStep) => aside(dataDir, onStep),
    async ({ dataDir }) => {
      await finishPutBack({ dataDir, name: "control.db" });
      if (existsSync(join(dataDir, "control.db"))) await aside(dataDir);
      expect(existsSync(join(dataDir, "control.db-wal"))).toBe(false);
      const [first = ""] = keptIn(dataDir);
      expect(keptIn(dataDir)).toEqual([first, `${first}-wal`]);
      expect(readFileSync(join(dataDir, first), "utf8")).toBe("this is no database");
      expect(leftIn(dataDir)).toEqual([]);
    },
  );
});

test("beside a fleet that runs only the database itself must be free", async () => {
  const { dataDir, restore } = await archived();
  using _runs = lockFile(join(dataDir, "instance.lock"));
  expect((await failureOf(restore())).code).toBe("restore-in-use");
  await restore({ isRunning: true });
  expect(readSetting(dataDir, "quiet")).toBe("before");
});

test("a folder in its place goes aside, too", async () => {
  const { dataDir, restore } = await archived();
  for (const name of readdirSync(dataDir).filter((it) => it.startsWith("control.db")))
    rmSync(join(dataDir, name));
  mkdirSync(join(dataDir, "control.db"));
  const { replaced } = await restore();
  expect(readSetting(dataDir, "quiet")).toBe("before");
  expect(statSync(replaced ?? "").isDirectory()).toBe(true);
});

test("an archive is looked into beside the data folder, and nothing of it stays", async () => {
  const { dataDir, path } = await archived();
  const scratch = join(dataDir, "scratch");
  const found = await lookInto({ path, fleetKey: FLEET_KEY, name: "control.db", scratch }, (file) =>
    readSetting(join(file, ".."), "quiet"),
  );
  expect(found).toBe("before");
  expect(existsSync(scratch)).toBe(false);
  expect(readSetting(dataDir, "quiet")).toBe("after");
});
