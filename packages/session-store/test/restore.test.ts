import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { keyFingerprint, neighbourOf, Vault } from "@flotilla/session-store";
import { spawnNode, testDir } from "@flotilla/testkit";
import { beforeEach, describe, expect, test } from "vitest";
import { ANN, codeOf, errorOf, FLEET_KEY, logIn, make, open } from "./support/kit.ts";

let dataDir = "";
let dir = "";
let now = Date.UTC(2026, 10, 21, 8);
const HOLDER = fileURLToPath(new URL("./support/holder.ts", import.meta.url));
beforeEach(async () => {
  dataDir = await testDir();
  dir = join(dataDir, "sessions");
});

function vault(fleetKey: Buffer = FLEET_KEY): Vault {
  return new Vault({
    dataDir,
    fleetKey,
    clock: { now: () => (now += 1000), monotonicMs: () => now },
  });
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

describe("restore", () => {
  test("puts everything back, keeps what was there in the trash, and never lowers the fence", () => {
    using store = open(dir, "ann");
    const old = logIn(store);
    const received = {
      kind: "edit",
      box: "account",
      chat: "5",
      messageId: 1,
      version: 2,
      date: 3,
      content: null,
    } as const;
    store.updates.commit(
      { account: { pts: 1, qts: 2, date: 3, seq: 4 }, events: [received] },
      () => true,
    );
    store.raiseFence(3);
    const { id } = vault().backup(store, "manual");
    const present = logIn(store, { ...ANN, id: "8", name: "Bob" });
    store.raiseFence(9);
    store.close();
    const { restored, trashed } = vault().restore("ann", id);
    expect(restored.id).toBe(id);
    expect(trashed).toMatchObject({
      kind: "trash",
      reason: "trash",
      verified: true,
      fingerprint: keyFingerprint(present),
    });
    using after = open(dir, "ann");
    expect(after.authKey()).toEqual(old);
    expect(after.self()).toEqual(ANN);
    expect(after.updates.account()).toEqual({ pts: 1, qts: 2, date: 3, seq: 4 });
    expect(after.updates.pending(9)).toMatchObject([received]);
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

  test("a damaged file that a process still has open is left alone", async () => {
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
    expect(vault().restore("ann", id).trashed).toMatchObject({
      kind: "trash",
      verified: false,
      problem: "damaged",
    });
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
    expect(entry).toMatchObject({
      kind: "trash",
      verified: true,
      fingerprint: keyFingerprint(key),
    });
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
