import { randomBytes } from "node:crypto";
import { readdirSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assertNotLost, keyFingerprint, Vault } from "@flotilla/session-store";
import { spawnNode, testDir } from "@flotilla/testkit";
import { beforeEach, describe, expect, test } from "vitest";
import { codeOf, errorOf, FLEET_KEY, logIn, make, open } from "./support/kit.ts";

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

describe("backup", () => {
  test("is made while the session is in use, opened again, compared, and no other user can read it", () => {
    using store = open(dir, "ann");
    const key = logIn(store);
    store.updates.commit({ account: { pts: 1, qts: 2, date: 3, seq: 4 } }, () => true);
    const entry = vault().backup(store, "manual");
    expect(entry).toMatchObject({
      kind: "backup",
      reason: "manual",
      verified: true,
      problem: null,
    });
    expect(entry.fingerprint).toBe(keyFingerprint(key));
    expect(entry.at).toBe(now);
    const path = join(dataDir, "vault", "ann", `${entry.id}.session`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(dataDir, "vault")).mode & 0o777).toBe(0o700);
    expect(statSync(join(dataDir, "vault", "ann")).mode & 0o777).toBe(0o700);
    expect(entry.bytes).toBe(statSync(path).size);
    expect(store.authKey()).toEqual(key);
  });

  test.each([365 * 24 * 3600_000, 3600_000, 1])(
    "the one just made stays when the clock was set back by %i ms",
    (backMs) => {
      using store = open(dir, "ann");
      logIn(store);
      const it = vault();
      for (let n = 0; n < 10; n++) it.backup(store, "manual");
      const before = now;
      now -= backMs + 60_000;
      const fresh = it.backup(store, "manual");
      expect(it.list("ann").map(({ id }) => id)).toContain(fresh.id);
      expect(it.list("ann").filter(({ kind }) => kind === "backup")).toHaveLength(10);
      const next = it.backup(store, "before-login");
      expect(it.list("ann").map(({ id }) => id)).toContain(next.id);
      it.golden(store);
      it.golden(store);
      expect(it.list("ann").filter(({ reason }) => reason === "old-golden")).toHaveLength(1);
      now = before;
    },
  );

  test("the last ten are kept; golden and trash are never counted", () => {
    using store = open(dir, "ann");
    logIn(store);
    const it = vault();
    it.golden(store);
    const first = it.backup(store, "manual");
    for (let n = 0; n < 11; n++) it.backup(store, "manual");
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

  test("on schedule it is made when the session was written, and pushes no other out", () => {
    using store = open(dir, "ann");
    now = Date.now() + 60_000;
    const it = vault();
    expect(it.backupChanged(store)).toBeNull();
    logIn(store);
    const manual = it.backup(store, "manual");
    expect(it.backupChanged(store)).toBeNull();
    for (let n = 0; n < 9; n++) {
      const path = join(dir, "ann.session");
      utimesSync(path, now / 1000 + 60, now / 1000 + 60);
      now += 120_000;
      expect(it.backupChanged(store)).toMatchObject({ reason: "scheduled", verified: true });
      expect(it.backupChanged(store)).toBeNull();
    }
    const kept = it.list("ann");
    expect(kept.filter(({ reason }) => reason === "scheduled")).toHaveLength(7);
    expect(kept.map(({ id }) => id)).toContain(manual.id);
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

test(
  "a session whose file was lost is not replaced by an empty one while there is a copy to " +
    "put back",
  () => {
    const copiesOf = vault();
    assertNotLost(dataDir, "ann");
    make(dir, "ann");
    assertNotLost(dataDir, "ann");
    rmSync(`${dir}/ann.session`);
    assertNotLost(dataDir, "ann");
    make(dir, "ann");
    {
      using store = open(dir, "ann");
      copiesOf.golden(store);
    }
    rmSync(`${dir}/ann.session`);
    expect(codeOf(() => assertNotLost(dataDir, "ann"))).toBe("sqlite-missing");
    copiesOf.restore("ann", "golden");
    assertNotLost(dataDir, "ann");
    copiesOf.trash("ann");
    assertNotLost(dataDir, "ann");
  },
);
