import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { peekArchive, restoreArchive, verifyArchive, workersIn } from "@flotilla/archive";
import { lockFile } from "@flotilla/sqlite";
import { testDir } from "@flotilla/testkit";
import { beforeEach, describe, expect, test } from "vitest";
import {
  FLEET,
  FLEET_KEY,
  failureOf,
  keyOf,
  make,
  makeDataDir,
  makeSession,
  readSetting,
  writeSetting,
} from "./kit.ts";

let dir = "";
let dataDir = "";
let restored = "";
beforeEach(async () => {
  dir = await testDir("archive-");
  dataDir = join(dir, "data");
  restored = join(dir, "restored");
  makeDataDir(dataDir);
});

const restore = (path: string) => restoreArchive({ path, dataDir: restored, fleetKey: FLEET_KEY });
const scratch = (): string => join(dir, "scratch");

/** All files below a folder, from it. */
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();

describe("makeArchive", () => {
  test("holds databases, sessions and what the vault has only once, and neither key nor logs", async () => {
    const { path, manifest, bytes } = await make(dir);
    expect(manifest.files.map(({ name }) => name)).toEqual([
      "control.db",
      "host.db",
      "sessions/ann.session",
      "sessions/bob.session",
      "audit.jsonl",
      "signed/events",
      "vault/ann/golden.session",
      "vault/bob/golden.session",
    ]);
    expect(manifest).toMatchObject({
      fleet: { id: FLEET.id, from01: false },
      host: "host-a",
      program: "0.1.0",
    });
    expect(workersIn(manifest)).toEqual(["ann", "bob"]);
    expect(manifest.files.every(({ problem }) => problem === null)).toBe(true);
    expect(manifest.files[2]?.identity?.userId).toBe("7000000");
    expect(statSync(path)).toMatchObject({ size: bytes });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(dir, "archives")), "nothing else").toHaveLength(1);
    expect(readdirSync(dataDir)).not.toContain("backing-up");
  });

  test("shows nothing of its content", async () => {
    writeSetting(dataDir, "secret", "correct horse battery staple");
    const { path } = await make(dir);
    const raw = readFileSync(path).toString("latin1");
    for (const word of ["correct horse", "control.db", "ann", "7000000", FLEET.id])
      expect(raw).not.toContain(word);
  });

  test("a damaged session stops no other one, and is taken as it is", async () => {
    writeFileSync(join(dataDir, "sessions", "bob.session"), "no database");
    const { manifest, path } = await make(dir);
    const problems = manifest.files.filter(({ problem }) => problem !== null);
    expect(problems.map(({ name }) => name)).toEqual(["sessions/bob.session"]);
    await restore(path);
    expect(readFileSync(join(restored, "sessions", "bob.session"), "utf8")).toBe("no database");
    expect(keyOf(restored, "ann")).toBe(keyOf(dataDir, "ann"));
  });

  test("a session that cannot be read is named, and stops no other one", async () => {
    const path = join(dataDir, "sessions", "bob.session");
    rmSync(path);
    mkdirSync(path);
    const { manifest } = await make(dir);
    expect(manifest.leftOut.map(({ name }) => name)).toEqual(["sessions/bob.session"]);
    expect(workersIn(manifest)).toEqual(["ann"]);
  });

  test("two at once: the second one is refused", async () => {
    using _ = lockFile(join(dataDir, "backup.lock"));
    expect((await failureOf(make(dir))).code).toBe("backup-running");
  });

  test("without a fleet there is nothing to back up", async () => {
    const empty = join(dir, "empty");
    expect((await failureOf(make(dir, { dataDir: empty }))).code).toBe("backup-nothing");
    mkdirSync(empty);
    expect((await failureOf(make(dir, { dataDir: empty }))).code).toBe("backup-nothing");
    expect(existsSync(join(dir, "archives")) && readdirSync(join(dir, "archives"))).toEqual([]);
  });
});

describe("restoreArchive", () => {
  test("puts everything back, into a folder with nothing but a key and logs", async () => {
    writeSetting(dataDir, "quiet", "22-7");
    const { path } = await make(dir);
    mkdirSync(join(restored, "logs"), { recursive: true });
    writeFileSync(join(restored, "fleet.key"), readFileSync(join(dataDir, "fleet.key")));
    await restore(path);
    expect(readSetting(restored, "quiet")).toBe("22-7");
    for (const name of ["ann", "bob"]) expect(keyOf(restored, name)).toBe(keyOf(dataDir, name));
    expect(filesIn(restored)).toEqual(
      expect.arrayContaining(["audit.jsonl", "signed/events", "vault/ann/golden.session"]),
    );
    expect(readdirSync(restored)).not.toContain("restoring");
    const open = filesIn(restored).filter(
      (name) => (statSync(join(restored, name)).mode & 0o077) !== 0 && name !== "fleet.key",
    );
    expect(open, "files that others may read").toEqual([]);
  });

  test("overwrites nothing: a folder with a database, a session or a vault is refused", async () => {
    const { path } = await make(dir);
    for (const name of ["control.db", "sessions/ann.session", "vault/ann/golden.session"]) {
      rmSync(restored, { recursive: true, force: true });
      mkdirSync(join(restored, name, ".."), { recursive: true });
      writeFileSync(join(restored, name), "mine");
      expect((await failureOf(restore(path))).code, name).toBe("restore-not-empty");
      expect(readFileSync(join(restored, name), "utf8")).toBe("mine");
    }
  });

  test("a folder that cannot be made is named", async () => {
    const { path } = await make(dir);
    const failing = restoreArchive({ path, dataDir: "/proc/nowhere", fleetKey: FLEET_KEY });
    expect(await failureOf(failing)).toMatchObject({ code: "data-dir" });
  });

  test("refuses a folder on which Flotilla runs", async () => {
    const { path } = await make(dir);
    mkdirSync(restored);
    using _ = lockFile(join(restored, "instance.lock"));
    expect((await failureOf(restore(path))).code).toBe("restore-in-use");
  });

  test("a copy whose sessions were replaced since has the ones of its time", async () => {
    const before = keyOf(dataDir, "ann");
    const { path } = await make(dir);
    rmSync(join(dataDir, "sessions", "ann.session"));
    makeSession(dataDir, "ann", 5);
    await restore(path);
    expect(keyOf(restored, "ann")).toBe(before);
    expect(keyOf(dataDir, "ann")).not.toBe(before);
  });
});

describe("a bad archive is refused, and nothing is made of it", () => {
  const refusal = async (path: string, fleetKey = FLEET_KEY): Promise<string> => {
    const failures = [
      await failureOf(restoreArchive({ path, dataDir: restored, fleetKey })),
      await failureOf(verifyArchive({ path, fleetKey, scratch: scratch() })),
    ];
    expect(existsSync(restored) ? filesIn(restored) : []).toEqual(
      existsSync(join(restored, "instance.lock")) ? ["instance.lock"] : [],
    );
    expect(existsSync(scratch())).toBe(false);
    expect(new Set(failures.map(({ code }) => code)).size).toBe(1);
    return failures[0]?.code ?? "";
  };

  test("cut off anywhere", async () => {
    const { path, bytes } = await make(dir);
    for (const length of [bytes - 1, bytes - 17, Math.floor(bytes / 2), 200]) {
      truncateSync(path, length);
      expect(await refusal(path), `${length} of ${bytes}`).toBe("archive-damaged");
    }
    for (const length of [100, 20, 3, 0]) {
      truncateSync(path, length);
      expect(await refusal(path), `${length} of ${bytes}`).toBe("archive-foreign");
    }
  });

  test("changed anywhere", async () => {
    const { path, bytes } = await make(dir);
    const good = readFileSync(path);
    for (let n = 0; n < 24; n += 1) {
      const at = Math.floor((bytes - 1) * (n / 23));
      const changed = Buffer.from(good);
      changed[at] = (changed[at] ?? 0) ^ 0x10;
      writeFileSync(path, changed);
      expect(await refusal(path), `byte ${at}`).toMatch(/^(archive-|wrong-fleet-key)/);
    }
  });

  test("with more behind its end", async () => {
    const { path } = await make(dir);
    appendFileSync(path, readFileSync(path));
    expect(await refusal(path)).toBe("archive-damaged");
  });

  test("of another program", async () => {
    const path = join(dir, "a.zip");
    writeFileSync(path, Buffer.alloc(100_000, "PK"));
    expect(await refusal(path)).toBe("archive-foreign");
  });

  test("sealed with another key: both are named", async () => {
    const { path, manifest } = await make(dir);
    const other = Buffer.alloc(32, 9);
    expect(await refusal(path, other)).toBe("wrong-fleet-key");
    const { message } = await failureOf(peekArchive(path, other));
    expect(message).toContain(manifest.keyId);
  });

  test("of a newer format", async () => {
    const { path } = await make(dir);
    const raw = readFileSync(path);
    writeFileSync(
      path,
      Buffer.from(raw.toString("latin1").replace('"format":1', '"format":2'), "latin1"),
    );
    expect(await refusal(path)).toBe("archive-newer");
    expect((await failureOf(peekArchive(path, FLEET_KEY))).message).toContain("its format is 2");
  });

  test("missing or not readable", async () => {
    await expect(peekArchive(join(dir, "none"), FLEET_KEY)).rejects.toMatchObject({
      code: "ENOENT",
    });
  });
});
