import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  exportSession,
  exportTelethonFile,
  importSession,
  inspectImport,
  rekey,
  Vault,
  wantedFleetKeys,
} from "@flotilla/session-store";
import { testDir } from "@flotilla/testkit";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { telethonFile } from "./support/foreign.ts";
import { ANN, codeOf, errorOf, FLEET_KEY, logIn, make, open } from "./support/kit.ts";

function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, { stdio: "pipe" });
}

let dataDir = "";
let dir = "";
beforeEach(async () => {
  dataDir = await testDir();
  dir = join(dataDir, "sessions");
});

const vault = (): Vault => new Vault({ dataDir, fleetKey: FLEET_KEY });

/** A file system of its own at `at`; false where mounting is not permitted. */
function mountAt(at: string, options: string): boolean {
  mkdirSync(at, { recursive: true });
  try {
    run("mount", ["-t", "tmpfs", "-o", options, "tmpfs", at]);
  } catch {
    return false;
  }
  onTestFinished(() => void run("umount", ["-l", at]));
  return true;
}

/** What can be wrong with the temporary folder of a machine. False: it cannot be made so here. */
const TEMPS = [
  { what: "missing", make: () => true },
  { what: "a file", make: (at: string) => fileAt(at) },
  { what: "read-only", make: (at: string) => mountAt(at, "size=1m,ro") },
  { what: "full", make: (at: string) => mountAt(at, "size=64k") && fill(at) },
  { what: "without inodes", make: (at: string) => mountAt(at, "size=1m,nr_inodes=1") },
];

function fileAt(at: string): true {
  writeFileSync(at, "");
  return true;
}

function fill(at: string): true {
  expect(() => writeFileSync(join(at, "filler"), Buffer.alloc(2 ** 20))).toThrow("ENOSPC");
  return true;
}

describe.each(TEMPS)("with a temporary folder that is $what", ({ make: makeTemp }) => {
  beforeEach(async ({ skip }) => {
    const temp = join(await testDir("temp-"), "t");
    if (!makeTemp(temp)) return skip("mounting a tmpfs is not permitted here");
    for (const name of ["TMPDIR", "SQLITE_TMPDIR", "TMP", "TEMP"]) vi.stubEnv(name, temp);
    onTestFinished(() => void vi.unstubAllEnvs());
  });

  test("copies are made, found whole, put back over a session and in the place of a lost one", () => {
    const key = make(dir, "ann");
    const store = open(dir, "ann");
    const { id } = vault().backup(store, "manual");
    vault().golden(store);
    expect(
      vault()
        .list("ann")
        .map(({ problem }) => problem),
    ).toEqual([null, null]);
    const other = logIn(store, ANN, randomBytes(256));
    store.close();
    expect(vault().restore("ann", id).trashed).toMatchObject({ verified: true });
    expect(keyOf("ann")).toEqual(key);
    expect(other).not.toEqual(key);
    rmSync(join(dir, "ann.session"));
    vault().restore("ann", "golden");
    expect(keyOf("ann")).toEqual(key);
    expect(vault().trash("ann")).toMatchObject({ verified: true });
    expect(
      readdirSync(dir).filter((name) => name.startsWith(".")),
      "no scratch is left",
    ).toEqual([]);
  });

  test("sessions are read, imported, exported and given another key", () => {
    const old = join(folderBeside(), "x.session");
    const key = randomBytes(256);
    telethonFile(old, 7, { key });
    const options = { dir, name: "ann", fleetKey: FLEET_KEY, server: "telegram" } as const;
    expect(
      inspectImport({ ...options, source: { kind: "bytes", bytes: readFileSync(old) } }).authKey,
    ).toEqual(key);
    importSession({ ...options, source: { kind: "file", path: old } });
    expect(wantedFleetKeys(dataDir).flatMap(({ sessions }) => sessions)).toEqual(["ann"]);
    const out = join(dataDir, "out.session");
    {
      using store = open(dir, "ann");
      vault().backup(store, "manual");
      exportTelethonFile(store, out);
      expect(exportSession(store, "gramjs").length).toBeGreaterThan(100);
    }
    expect(
      inspectImport({
        ...options,
        name: "bob",
        dir: join(dataDir, "other"),
        source: { kind: "file", path: out },
      }).authKey,
    ).toEqual(key);
    const files = rekey({ dataDir, oldKey: FLEET_KEY, newKey: Buffer.alloc(32, 9) });
    expect(files.map(({ outcome }) => outcome)).toEqual(["done", "done"]);
  });

  test("a large session is sorted, given back pages and copied", () => {
    using store = open(dir, "ann");
    logIn(store);
    const people = Array.from({ length: 20_000 }, (_, n) => ({
      id: String(n + 1),
      hash: String(n),
      username: `user_${n}`,
      phone: null,
      name: "n".repeat(100),
    }));
    store.entities.upsert(people);
    store.entities.upsert(people.toReversed());
    vault().backup(store, "manual");
    expect(vault().list("ann")[0]?.problem).toBeNull();
  });
});

function keyOf(name: string): Buffer | null {
  using store = open(dir, name);
  return store.authKey();
}

/** A folder beside the data: the temporary one is of no use. */
function folderBeside(): string {
  const at = join(dataDir, "old");
  mkdirSync(at);
  return at;
}

describe("an error of the place is none of the copy", () => {
  test("a vault that cannot be read now has copies that cannot be read now, not damaged ones", ({
    skip,
  }) => {
    make(dir, "ann");
    {
      using store = open(dir, "ann");
      vault().backup(store, "manual");
    }
    if (process.getuid?.() === 0) return skip("root may read everything");
    const [copy] = vault().list("ann");
    chmodSync(join(dataDir, "vault", "ann", `${copy?.id}.session`), 0);
    expect(vault().list("ann")[0]).toMatchObject({ problem: "unreadable", verified: false });
    expect(errorOf(() => vault().restore("ann", copy?.id ?? "")).message).toContain(
      "the system does not give it to us now",
    );
  });

  test("a full data folder is named, with the file that was to be imported left out of it", ({
    skip,
  }) => {
    if (!mountAt(dir, "size=256k")) return skip("mounting a tmpfs is not permitted here");
    const old = join(dataDir, "x.session");
    telethonFile(old, 7, { key: randomBytes(256) });
    fill(dir);
    const error = errorOf(() =>
      importSession({
        dir,
        name: "ann",
        fleetKey: FLEET_KEY,
        server: "telegram",
        source: { kind: "file", path: old },
      }),
    );
    expect(error.code).toBe("scratch-failed");
    expect(error.message).toContain(`into ${dir}`);
    expect(error.message).toContain("Its disk is full: make room");
  });

  test("a restore into a full folder changes nothing and says that the disk is full", ({
    skip,
  }) => {
    if (!mountAt(dir, "size=1m")) return skip("mounting a tmpfs is not permitted here");
    const key = make(dir, "ann");
    {
      using store = open(dir, "ann");
      vault().backup(store, "manual");
    }
    const [copy] = vault().list("ann");
    fill(join(dir));
    const code = codeOf(() => vault().restore("ann", copy?.id ?? ""));
    expect(["scratch-failed", "sqlite-full"]).toContain(code);
    rmSync(join(dir, "filler"));
    expect(keyOf("ann")).toEqual(key);
    expect(
      vault()
        .list("ann")
        .filter(({ kind }) => kind === "backup")
        .map(({ problem }) => problem),
    ).toEqual([null]);
  });
});
