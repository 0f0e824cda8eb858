import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { restoreOne } from "@flotilla/archive";
import { systemClock } from "@flotilla/kernel";
import { openDatabase } from "@flotilla/sqlite";
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
  const restore = (more: { readonly onStep?: () => void; readonly fleetKey?: Buffer } = {}) =>
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

test("broken off at any step, the same call again puts it back", async () => {
  for (let step = 1; ; step += 1) {
    const { dataDir, restore } = await archived();
    let n = 0;
    const broken = await restore({
      onStep: () => {
        n += 1;
        if (n === step) throw new Error("the power is gone");
      },
    }).then(
      () => false,
      () => true,
    );
    await restore();
    expect(readSetting(dataDir, "quiet")).toBe("before");
    expect(leftIn(dataDir)).toEqual([]);
    if (!broken) {
      expect(step).toBeGreaterThan(4);
      return;
    }
  }
});
