/** Which archives BACKUP_KEEP leaves, also while a database is damaged, gone or lost. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { archivesIn, dropOldArchives, type MadeArchive } from "@flotilla/archive";
import { openDatabase } from "@flotilla/sqlite";
import { testDir } from "@flotilla/testkit";
import { beforeEach, describe, expect, test } from "vitest";
import { FLEET_KEY, make, makeDataDir, writeSetting } from "./kit.ts";

let dir = "";
let dataDir = "";
let folder = "";
beforeEach(async () => {
  dir = await testDir("archive-");
  dataDir = join(dir, "data");
  folder = join(dir, "archives");
  makeDataDir(dataDir, []);
});

const KEEP = { host: "host-a", keep: 2, fleetKey: FLEET_KEY };

/** Makes an archive and drops old ones, as `flotilla backup` does. */
async function backUp(keep = KEEP.keep): Promise<MadeArchive> {
  const justMade = await make(dir);
  await dropOldArchives(folder, { ...KEEP, keep, justMade });
  return justMade;
}

/** As {@link backUp}, so often; their names, the first one first. */
async function backUps(count: number): Promise<string[]> {
  const names: string[] = [];
  for (let n = 0; n < count; n++) names.push(basename((await backUp()).path));
  return names;
}

const kept = (): string[] =>
  archivesIn(folder, "host-a")
    .map(({ path }) => basename(path))
    .toReversed();

function remove(name: string): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(join(dataDir, name) + suffix, { force: true });
}

/** The host.db that a supervisor begins after a loss at `at`; null = the loss was decided about. */
function beginRecord(at: number | null): void {
  remove("host.db");
  const migrations = ["CREATE TABLE loss (one INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT"];
  using db = openDatabase({ path: join(dataDir, "host.db"), role: "host", migrations });
  if (at !== null) db.write("INSERT INTO loss VALUES (1, ?)", [JSON.stringify({ at })]);
}

test("the last ones of this host stay, also when the clock was wrong", async () => {
  mkdirSync(folder);
  const day = (n: number): string => `host-a.2026110${n}T000000000Z.flotilla`;
  const foreign = ["host-b.20261101T000000000Z.flotilla", "mine.txt", `${day(1)}.partial`];
  for (const name of [...foreign, ...[1, 2, 3, 4, 5].map(day)])
    writeFileSync(join(folder, name), "");
  const justMade = { path: join(folder, day(1)), recordLostAt: null };
  const dropped = await dropOldArchives(folder, { ...KEEP, keep: 3, justMade });
  expect(dropped).toEqual([join(folder, day(3)), join(folder, day(2))]);
  expect(kept()).toEqual([1, 4, 5].map(day));
  expect(foreign.every((name) => existsSync(join(folder, name)))).toBe(true);
  expect(await dropOldArchives(folder, { ...KEEP, keep: 1, justMade })).toHaveLength(2);
  expect(existsSync(justMade.path)).toBe(true);
});

describe("of a database that is not there, the last good copies stay however many archives come", () => {
  test.each<[what: string, hurt: () => void, mend: () => void]>([
    [
      "a control.db that is gone",
      () => remove("control.db"),
      () => writeSetting(dataDir, "quiet", "22-7"),
    ],
    [
      "a damaged control.db",
      () => writeFileSync(join(dataDir, "control.db"), "x".repeat(9000)),
      () => {
        remove("control.db");
        writeSetting(dataDir, "quiet", "22-7");
      },
    ],
    ["a host.db that is gone", () => remove("host.db"), () => beginRecord(null)],
    [
      "a lost host.db about which no owner has decided",
      () => beginRecord(Date.now()),
      () => beginRecord(null),
    ],
  ])("%s", async (_what, hurt, mend) => {
    const good = (await backUps(3)).slice(1);
    hurt();
    const without = (await backUps(3)).slice(1);
    expect(kept()).toEqual([...good, ...without]);
    mend();
    const [first = "", second = ""] = await backUps(2);
    expect(kept(), "then they are the old ones again").toEqual([first, second]);
  });
});

test("what cannot be read is no good copy", async () => {
  const [name = ""] = await backUps(1);
  writeFileSync(join(folder, name), "garbage");
  remove("control.db");
  const without = await backUps(3);
  expect(kept()).toEqual(without.slice(1));
});

test("with BACKUP_KEEP=1 the one good copy stays beside the newest", async () => {
  const { path } = await backUp(1);
  remove("control.db");
  await backUp(1);
  const newest = await backUp(1);
  expect(kept()).toEqual([basename(path), basename(newest.path)]);
});
