import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { loadFleetKey } from "@flotilla/config";
import type { HostTrouble } from "@flotilla/contracts";
import { parseWorkerId, systemClock } from "@flotilla/kernel";
import { createLogger } from "@flotilla/observability";
import { openSession } from "@flotilla/session-store";
import { testDir } from "@flotilla/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import { HostFiles } from "../src/host/host-files.ts";
import { HostDb } from "../src/record/host-db.ts";
import { IdleSessions } from "../src/record/idle-sessions.ts";
import { takeKnownWorkers } from "../src/record/known-here.ts";

const A = parseWorkerId("alpha");
const log = createLogger({ name: "test", level: "silent" });

async function watched() {
  const dir = `${await testDir("files-")}/data`;
  const key = loadFleetKey(null, dir);
  const db = new HostDb(`${dir}/host.db`);
  const told: [HostTrouble, boolean, string][] = [];
  let monotonic: number = 0;
  const clock = { now: (): number => systemClock.now(), monotonicMs: (): number => monotonic };
  const idle = new IdleSessions(db, dir);
  const files = new HostFiles({
    ...{ dataDir: dir, key, db, clock, log },
    idleSessions: () => idle.names(),
    loss: () => null,
    tell: (trouble, over, detail) => void told.push([trouble, over, detail]),
  });
  onTestFinished(() => {
    files[Symbol.dispose]();
    db.close();
  });
  const look = (): (readonly [HostTrouble, boolean])[] => {
    told.length = 0;
    files.look();
    return told.map(([trouble, over]) => [trouble, over]);
  };
  const pass = (ms: number): void => {
    monotonic += ms;
  };
  return { dir, key, db, told, look, pass };
}

/** Files with the name of a session, or nearly, and nothing of one in them. */
const ODD: Readonly<Record<string, string | Buffer>> = {
  "empty.session": "",
  "text.session": "hello",
  "cut.session": Buffer.concat([Buffer.from("SQLite format 3\0"), randomBytes(40)]),
  "noise.session": randomBytes(8192),
  "Upper.session": "x",
  "mine.session.bak": "x",
  "mine (copy).session": "x",
};

function session(dir: string, name: string, key: Buffer): void {
  using store = openSession({ dir: `${dir}/sessions`, name, fleetKey: key });
  store.beginLogin();
  store.setDc({ id: 2, address: "149.154.167.51", port: 443 });
  store.setAuthKey(randomBytes(256));
  store.commitLogin({
    id: String(randomBytes(4).readUInt32LE()),
    name,
    username: null,
    phone: null,
  });
}

describe("the key of a host that runs", () => {
  test("deleted: written back with mode 0600, reported once, and over at the next check", async () => {
    const { dir, key, look } = await watched();
    expect(look()).toEqual([]);
    rmSync(`${dir}/fleet.key`);
    expect(look()).toEqual([["key-written-back", false]]);
    expect(statSync(`${dir}/fleet.key`).mode & 0o777).toBe(0o600);
    expect(loadFleetKey(null, dir)).toEqual(key);
    expect(look()).toEqual([["key-written-back", true]]);
    expect(look()).toEqual([]);
  });

  test.each([
    ["another key", (): string => `${randomBytes(32).toString("hex")}\n`, "key-changed"],
    ["nothing", (): string => "", "key-damaged"],
    ["half of it", (): string => "0123456789abcdef", "key-damaged"],
  ] as const)(
    "replaced by %s: reported, left as it is, and over when the old key is back",
    async (_what, content, trouble) => {
      const { dir, key, look } = await watched();
      const text: string = content();
      writeFileSync(`${dir}/fleet.key`, text);
      expect(look()).toEqual([[trouble, false]]);
      expect(look()).toEqual([]);
      expect(readFileSync(`${dir}/fleet.key`, "utf8")).toBe(text);
      rmSync(`${dir}/fleet.key`);
      expect(look()).toEqual([
        ["key-written-back", false],
        [trouble, true],
      ]);
      expect(loadFleetKey(null, dir)).toEqual(key);
    },
  );

  test(
    "gone with its folder: the folder is not created again, and another folder in its place " +
      "gets no key",
    async () => {
      const { dir, look } = await watched();
      renameSync(dir, `${dir}-moved`);
      expect(look()).toEqual([["folder-gone", false]]);
      expect(existsSync(dir)).toBe(false);
      mkdirSync(dir);
      expect(look()).toEqual([]);
      expect(existsSync(`${dir}/fleet.key`)).toBe(false);
      rmSync(dir, { recursive: true });
      renameSync(`${dir}-moved`, dir);
      expect(look()).toEqual([["folder-gone", true]]);
    },
  );

  test.runIf(process.getuid?.() !== 0)(
    "in a read-only folder: reported until the folder is writable",
    async () => {
      const { dir, look } = await watched();
      rmSync(`${dir}/fleet.key`);
      chmodSync(dir, 0o500);
      expect(look()).toEqual([["key-unwritable", false]]);
      chmodSync(dir, 0o700);
      expect(look()).toContainEqual(["key-unwritable", true]);
    },
  );
});

describe("the record of a host that runs", () => {
  test("deleted: reported once with the path of the rescued copy, which opens as a record", async () => {
    const { dir, db, told, look } = await watched();
    db.setDesired(A, "running", 1);
    rmSync(`${dir}/host.db`);
    expect(look()).toEqual([["record-deleted", false]]);
    expect(told[0]?.[2]).toBe(`${dir}/host.db → ${dir}/host.db.rescued`);
    expect(look()).toEqual([]);
    renameSync(`${dir}/host.db.rescued`, `${dir}/saved.db`);
    const saved = new HostDb(`${dir}/saved.db`);
    expect(saved.workers()).toEqual([{ id: A, desired: "running" }]);
    saved.close();
  });
});

describe("sessions of the folder", () => {
  test("without a worker are named, but not while a start still adds its workers", async () => {
    const { dir, key, db, told, look, pass } = await watched();
    session(dir, "alpha", key);
    session(dir, "beta", key);
    expect(look()).toEqual([]);
    pass(30_000);
    expect(look()).toEqual([["sessions-idle", false]]);
    expect(told[0]?.[2]).toBe("alpha, beta");
    for (const name of ["alpha", "beta"]) db.setDesired(parseWorkerId(name), "stopped", 1);
    expect(look()).toEqual([["sessions-idle", true]]);
  });

  test("without a worker are each named 20 s after they appear", async () => {
    const { dir, key, db, told, look, pass } = await watched();
    session(dir, "alpha", key);
    look();
    pass(30_000);
    expect(look()).toEqual([["sessions-idle", false]]);
    session(dir, "beta", key);
    expect(look(), "it may be an import whose worker is about to be added").toEqual([]);
    pass(30_000);
    expect(look()).toEqual([["sessions-idle", false]]);
    expect(told[0]?.[2]).toBe("alpha, beta");
    expect(look()).toEqual([]);
    db.setDesired(parseWorkerId("alpha"), "stopped", 1);
    expect(look()).toEqual([["sessions-idle", false]]);
    expect(told[0]?.[2]).toBe("beta");
    db.setDesired(parseWorkerId("beta"), "stopped", 1);
    expect(look()).toEqual([["sessions-idle", true]]);
  });

  test(
    "that only look like one are not offered: copies, links, folders, pipes, empty ones, " +
      "notes, journals and those without a login",
    async () => {
      const { dir, key, db } = await watched();
      const at = (name: string): string => `${dir}/sessions/${name}`;
      session(dir, "alpha", key);
      session(dir, "mine", key);
      db.setDesired(A, "stopped", 1);
      const idle = new IdleSessions(db, dir);
      expect(idle.names()).toEqual(["mine"]);
      copyFileSync(at("alpha.session"), at("alpha_copy.session"));
      copyFileSync(at("mine.session"), at("mine_copy.session"));
      symlinkSync(at("alpha.session"), at("link.session"));
      symlinkSync(at("gone.session"), at("dangling.session"));
      mkdirSync(at("folder.session"));
      execFileSync("mkfifo", [at("pipe.session")]);
      for (const [name, content] of Object.entries(ODD)) writeFileSync(at(name), content);
      openSession({ dir: `${dir}/sessions`, name: "no_login", fleetKey: key }).close();
      expect(idle.names()).toEqual(["mine"]);
      expect(idle.names(), "the second look is the same").toEqual(["mine"]);
    },
  );

  test("are offered when they are free, whole, or no copy any more", async () => {
    const { dir, key, db } = await watched();
    const at = (name: string): string => `${dir}/sessions/${name}.session`;
    const idle = new IdleSessions(db, dir);
    session(dir, "alpha", key);
    db.setDesired(A, "stopped", 1);
    writeFileSync(at("beta"), "");
    expect(idle.names()).toEqual([]);
    rmSync(at("beta"));
    session(dir, "beta", key);
    expect(idle.names()).toEqual(["beta"]);
    copyFileSync(at("alpha"), at("gamma"));
    expect(idle.names()).toEqual(["beta"]);
    db.remove(A);
    rmSync(at("alpha"));
    expect(idle.names()).toEqual(["beta", "gamma"]);
    db.setDesired(parseWorkerId("gamma"), "stopped", 2);
    expect(idle.names()).toEqual(["beta"]);
  });

  test(
    "of workers that ran here are added back after a lost record when they have a key; others " +
      "wait for an admin",
    async () => {
      const { dir, key, db } = await watched();
      for (const name of ["ran_1", "imported"]) session(dir, name, key);
      openSession({ dir: `${dir}/sessions`, name: "no_login", fleetKey: key }).close();
      writeFileSync(`${dir}/sessions/broken.session`, "text");
      mkdirSync(`${dir}/logs`);
      for (const name of ["ran_1", "no_login", "broken", "gone"])
        writeFileSync(`${dir}/logs/${name}.log`, "");
      expect(takeKnownWorkers(db, dir, 5)).toEqual(["ran_1"]);
      expect(db.workers()).toEqual([{ id: "ran_1", desired: "running" }]);
      expect(new IdleSessions(db, dir).names()).toEqual(["imported"]);
      db.close();
      const again = new HostDb(`${dir}/host.db`);
      again.setDesired(parseWorkerId("ran_1"), "stopped", 6);
      expect(takeKnownWorkers(again, dir, 7), "a record with workers is left as it is").toEqual([]);
      again.close();
    },
  );
});
