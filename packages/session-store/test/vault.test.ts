import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { keyFingerprint, neighbourOf, Vault } from "@flotilla/session-store";
import { spawnNode, testDir } from "@flotilla/testkit";
import { beforeEach, describe, expect, test } from "vitest";
import { ANN, codeOf, errorOf, FLEET_KEY, logIn, make, open } from "./support/kit.ts";

let dataDir = "";
let dir = "";
let now = Date.UTC(2026, 10, 21, 8);
const HOLDER = new URL("./support/holder.ts", import.meta.url).pathname;
beforeEach(async () => {
  dataDir = await testDir();
  dir = join(dataDir, "sessions");
});

function vault(fleetKey: Buffer = FLEET_KEY): Vault {
  return new Vault({ dataDir, fleetKey, clock: { now: () => (now += 1000), monotonicMs: () => now } });
}

function copies(): string[] {
  return readdirSync(join(dataDir, "vault", "ann")).toSorted();
}

function keyOf(name: string): Buffer | null {
  using store = open(dir, name);
  return store.authKey();
}

function scribble(path: string, at: number, bytes: Buffer): void {
  const descriptor = openSync(path, "r+");
  writeSync(descriptor, bytes, 0, bytes.length, at);
  closeSync(descriptor);
}

describe("backup", () => {
  test("is made while the session is in use, opened again, compared, and for nobody else to read", () => {
    using store = open(dir, "ann");
    const key = logIn(store);
    store.setUpdateState({ pts: 1, qts: 2, date: 3, seq: 4 });
    const entry = vault().backup(store, "manual");
    expect(entry).toMatchObject({ kind: "backup", reason: "manual", verified: true, problem: null });
    expect(entry.fingerprint).toBe(keyFingerprint(key));
    expect(entry.at).toBe(now);
    const path = join(dataDir, "vault", "ann", `${entry.id}.session`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(dataDir, "vault")).mode & 0o777).toBe(0o700);
    expect(statSync(join(dataDir, "vault", "ann")).mode & 0o777).toBe(0o700);
    expect(entry.bytes).toBe(statSync(path).size);
    expect(store.authKey()).toEqual(key);
  });

  test("the last ten are kept; golden and trash are never counted", () => {
    using store = open(dir, "ann");
    logIn(store);
    const it = vault();
    it.golden(store);
    const first = it.backup(store, "scheduled");
    for (let n = 0; n < 11; n++) it.backup(store, "scheduled");
    const list = it.list("ann");
    expect(list[0]).toMatchObject({ id: "golden", kind: "golden", verified: true });
    expect(list.filter(({ kind }) => kind === "backup")).toHaveLength(10);
    expect(list.map(({ id }) => id)).not.toContain(first.id);
    expect(list.slice(1).map(({ at }) => at)).toEqual(
      list
        .slice(1)
        .map(({ at }) => at)
        .toSorted((a, b) => b - a),
    );
  });

  test("a session that was never logged in has nothing to keep", () => {
    using store = open(dir, "ann");
    expect(codeOf(() => vault().backup(store, "manual"))).toBe("nothing-to-back-up");
    expect(vault().list("ann")).toEqual([]);
  });

  test("a copy that does not pass is thrown away, and the golden one before it stays", () => {
    using store = open(dir, "ann");
    const key = logIn(store);
    vault().golden(store);
    // A vault with another key cannot open what it copied: the check must find out.
    const wrong = vault(randomBytes(32));
    const error = errorOf(() => wrong.backup(store, "manual"));
    expect(error.code).toBe("backup-unverified");
    expect(error.message).toContain("thrown away");
    expect(codeOf(() => wrong.golden(store))).toBe("backup-unverified");
    expect(copies()).toEqual(["golden.session"]);
    expect(vault().list("ann")[0]?.fingerprint).toBe(keyFingerprint(key));
  });

  test("a new golden copy keeps the one before it among the backups", () => {
    using store = open(dir, "ann");
    const before = logIn(store);
    vault().golden(store);
    const after = logIn(store);
    vault().golden(store);
    expect(
      vault()
        .list("ann")
        .map(({ reason, fingerprint }) => [reason, fingerprint]),
    ).toEqual([
      ["golden", keyFingerprint(after)],
      ["old-golden", keyFingerprint(before)],
    ]);
  });

  test("the list says which copies are no good, and why", () => {
    using store = open(dir, "ann");
    logIn(store);
    const it = vault();
    const [cut, noise] = [it.backup(store, "manual"), it.backup(store, "manual")];
    truncateSync(join(dataDir, "vault", "ann", `${cut.id}.session`), 5000);
    writeFileSync(join(dataDir, "vault", "ann", `${noise.id}.session`), randomBytes(9000));
    expect(it.list("ann").map(({ verified, problem }) => [verified, problem])).toEqual([
      [false, "damaged"],
      [false, "damaged"],
    ]);
    expect(errorOf(() => it.restore("ann", cut.id)).message).toContain("damaged");
  });
});

describe("can a restore bring the login back?", () => {
  test("only when the golden copy has another key, also while the session is in use", async () => {
    make(dir, "ann");
    expect(vault().canHelp("ann")).toBe("no-golden");
    {
      using store = open(dir, "ann");
      vault().golden(store);
    }
    const holder = spawnNode(HOLDER, [dir, "ann"]);
    await holder.waitForOutput(/^open /m);
    expect(vault().canHelp("ann")).toBe("same");
    await holder[Symbol.asyncDispose]();
    using store = open(dir, "ann");
    logIn(store);
    expect(vault().canHelp("ann")).toBe("different");
  });
});

describe("restore", () => {
  test("puts everything back, keeps what was there in the trash, and never lowers the fence", () => {
    using store = open(dir, "ann");
    const old = logIn(store);
    store.setUpdateState({ pts: 1, qts: 2, date: 3, seq: 4 });
    store.raiseFence(3);
    const { id } = vault().backup(store, "manual");
    const present = logIn(store, { ...ANN, id: "8", name: "Bob" });
    store.raiseFence(9);
    store.close();
    const { restored, trashed } = vault().restore("ann", id);
    expect(restored.id).toBe(id);
    expect(trashed).toMatchObject({ kind: "trash", reason: "trash", verified: true, fingerprint: keyFingerprint(present) });
    using after = open(dir, "ann");
    expect(after.authKey()).toEqual(old);
    expect(after.self()).toEqual(ANN);
    expect(after.updateState()).toEqual({ pts: 1, qts: 2, date: 3, seq: 4 });
    expect(after.fence()).toBe(9);
    after.close();
    vault().restore("ann", trashed?.id ?? "");
    expect(keyOf("ann")).toEqual(present);
  });

  test("is refused while a process has the session, which notices nothing", async () => {
    const key = make(dir, "ann");
    using store = open(dir, "ann");
    const { id } = vault().backup(store, "manual");
    store.close();
    const holder = spawnNode(HOLDER, [dir, "ann"]);
    await holder.waitForOutput(/^open /m);
    for (const act of [() => vault().restore("ann", id), () => vault().trash("ann")]) {
      const error = errorOf(act);
      expect(error.code).toBe("session-in-use");
      expect(error.message).toContain("Stop the worker first");
    }
    holder.kill("SIGSTOP");
    expect(codeOf(() => vault().restore("ann", id))).toBe("session-in-use");
    await holder[Symbol.asyncDispose]();
    expect(copies()).toEqual([`${id}.session`]);
    expect(keyOf("ann")).toEqual(key);
  });

  test.each([
    ["an emptied header", (path: string) => scribble(path, 0, Buffer.alloc(100))],
    ["zeroed pages", (path: string) => scribble(path, 4096, Buffer.alloc(8192))],
    ["a cut file", (path: string) => truncateSync(path, 6000)],
  ])("works over a session with %s, which is kept as it is", (_, damage) => {
    const key = make(dir, "ann");
    using store = open(dir, "ann");
    const { id } = vault().backup(store, "manual");
    store.close();
    const path = join(dir, "ann.session");
    damage(path);
    const broken = readFileSync(path);
    const { trashed } = vault().restore("ann", id);
    expect(keyOf("ann")).toEqual(key);
    if (trashed?.reason === "damaged")
      expect(readFileSync(join(dataDir, "vault", "ann", `${trashed.id}.session`))).toEqual(broken);
    expect(readdirSync(dir).toSorted()).toEqual(["ann.identity", "ann.session"]);
  });

  test("a damaged file that somebody still has open is left alone", async () => {
    make(dir, "ann");
    using store = open(dir, "ann");
    const { id } = vault().backup(store, "manual");
    store.close();
    const holder = spawnNode(HOLDER, [dir, "ann"]);
    await holder.waitForOutput(/^open /m);
    scribble(join(dir, "ann.session"), 0, Buffer.alloc(100));
    expect(codeOf(() => vault().restore("ann", id))).toBe("session-in-use");
    expect(codeOf(() => vault().trash("ann"))).toBe("session-in-use");
    expect(copies()).toEqual([`${id}.session`]);
  });

  test("a journal of a file that is gone is not played into the restored one", () => {
    const key = make(dir, "ann");
    using store = open(dir, "ann");
    const { id } = vault().backup(store, "manual");
    store.close();
    renameSync(join(dir, "ann.session"), join(dir, "elsewhere"));
    writeFileSync(join(dir, "ann.session-wal"), randomBytes(5000));
    vault().restore("ann", id);
    expect(keyOf("ann")).toEqual(key);
    expect(copies().some((file) => file.endsWith(".damaged.session-wal"))).toBe(true);
  });

  test("works over a session whose key row was changed", () => {
    const key = make(dir, "ann");
    using store = open(dir, "ann");
    const { id } = vault().backup(store, "manual");
    store.close();
    const path = join(dir, "ann.session");
    const bytes = readFileSync(path);
    const at = bytes.indexOf(Buffer.from(keyFingerprint(key))) + 16;
    bytes.writeUInt8(bytes.readUInt8(at + 40) ^ 1, at + 40);
    writeFileSync(path, bytes);
    expect(codeOf(() => open(dir, "ann"))).toBe("key-unreadable");
    expect(vault().restore("ann", id).trashed).toMatchObject({ kind: "trash", verified: false, problem: "damaged" });
    expect(keyOf("ann")).toEqual(key);
  });

  test("makes the file again when it is gone", () => {
    const key = make(dir, "ann");
    const trashed = vault().trash("ann");
    expect(vault().restore("ann", trashed.id).trashed).toBeNull();
    expect(keyOf("ann")).toEqual(key);
  });

  test("is refused when another session has that account by now, and for copies that do not exist", () => {
    make(dir, "ann");
    const trashed = vault().trash("ann");
    make(dir, "other");
    expect(codeOf(() => vault().restore("ann", trashed.id))).toBe("session-duplicate");
    expect(existsSync(join(dir, "ann.session"))).toBe(false);
    const error = errorOf(() => vault().restore("ann", "../../etc"));
    expect(error.code).toBe("backup-not-found");
    expect(error.message).toContain("flotilla restore ann --list");
  });
});

describe("trash", () => {
  test("moves the session away, whole, and its account is free again", () => {
    const key = make(dir, "ann");
    const entry = vault().trash("ann");
    expect(entry).toMatchObject({ kind: "trash", verified: true, fingerprint: keyFingerprint(key) });
    expect(readdirSync(dir)).toEqual([]);
    make(dir, "again");
    expect(neighbourOf(dir, "again").kind).toBe("known");
  });

  test("takes broken and empty sessions too, and says when there is none", () => {
    open(dir, "ann").close();
    expect(vault().trash("ann")).toMatchObject({ reason: "trash", problem: "no-key" });
    writeFileSync(join(dir, "ann.session"), randomBytes(5000));
    writeFileSync(join(dir, "ann.session-journal"), "x");
    expect(vault().trash("ann")).toMatchObject({ reason: "damaged", verified: false });
    expect(readdirSync(dir)).toEqual([]);
    expect(codeOf(() => vault().trash("ann"))).toBe("session-not-found");
  });
});
