import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError, type Clock } from "@flotilla/kernel";
import {
  keyFingerprint,
  openSession,
  type SessionOptions,
  type SessionStore,
} from "@flotilla/session-store";
import { openDatabase } from "@flotilla/sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { MIGRATIONS } from "../src/file/schema.ts";

let dir = "";
let open: SessionStore[] = [];
const fleetKey = randomBytes(32);
const DC = { id: 2, address: "127.0.0.1", port: 4430 };
const SELF = { id: "7000001", name: "Ann", username: "ann", phone: "15550001" };

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "flotilla-session-"));
  open = [];
});
afterEach(() => {
  for (const store of open) store.close();
  rmSync(dir, { recursive: true, force: true });
});

function session(more: Partial<SessionOptions> = {}): SessionStore {
  const store = openSession({ dir, name: "ann", fleetKey, ...more });
  open.push(store);
  return store;
}

function loggedIn(store: SessionStore, key: Buffer = randomBytes(256), self = SELF): Buffer {
  store.beginLogin();
  store.setDc(DC);
  store.setAuthKey(key);
  store.commitLogin(self);
  return key;
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  return "no error";
}

test("a login survives a restart, and the key is nowhere in the file in clear", () => {
  const first = session();
  const key = loggedIn(first);
  first.raiseFence(3);
  first.updates.commit({ account: { pts: 1, qts: 2, date: 3, seq: 4 } }, () => true);
  first.close();
  const onDisk = readFileSync(join(dir, "ann.session"));
  for (let at = 0; at < 256; at += 16)
    expect(onDisk.includes(key.subarray(at, at + 16))).toBe(false);

  const second = session();
  expect(second.authKey()).toEqual(key);
  expect(second.fingerprint()).toBe(keyFingerprint(key));
  expect(second.dc()).toEqual(DC);
  expect(second.self()).toEqual(SELF);
  expect(second.fence()).toBe(3);
  expect(second.updates.account()).toEqual({ pts: 1, qts: 2, date: 3, seq: 4 });
});

test("outside a login the key can be neither removed nor replaced nor moved to another data centre", () => {
  const store = session();
  expect(codeOf(() => store.setAuthKey(randomBytes(256)))).toBe("key-protected");
  const key = loggedIn(store);
  store.setAuthKey(Buffer.from(key));
  store.setDc({ ...DC, port: 4431 });
  expect(codeOf(() => store.setAuthKey(null))).toBe("key-protected");
  expect(codeOf(() => store.setAuthKey(randomBytes(256)))).toBe("key-protected");
  expect(codeOf(() => store.setDc({ ...DC, id: 4 }))).toBe("key-protected");
  expect(store.authKey()).toEqual(key);
  expect(store.dc()?.port).toBe(4431);
});

test.each(["rolled back", "cut off by the death of the process"])(
  "a login that is %s leaves the old session untouched",
  (how) => {
    const store = session();
    const key = loggedIn(store);
    store.beginLogin();
    expect(store.authKey()).toBeNull();
    store.setDc({ id: 4, address: "127.0.0.4", port: 1 });
    store.setAuthKey(randomBytes(256));
    if (how === "rolled back") store.rollbackLogin();
    else store.close();
    const after = how === "rolled back" ? store : session();
    expect(after.inLogin).toBe(false);
    expect(after.authKey()).toEqual(key);
    expect(after.dc()).toEqual(DC);
    expect(after.self()).toEqual(SELF);
  },
);

test("moving to another data centre during a login drops the pending key, renaming it keeps it", () => {
  const store = session();
  store.beginLogin();
  expect(codeOf(() => store.setAuthKey(randomBytes(256)))).toBe("no-dc");
  store.setDc(DC);
  store.setAuthKey(randomBytes(256));
  store.setDc({ ...DC, id: 4 });
  expect(store.authKey()).toBeNull();
  expect(codeOf(() => store.commitLogin(SELF))).toBe("no-login");
  const key = randomBytes(256);
  store.setAuthKey(key);
  store.renamePendingDc(3);
  store.commitLogin(SELF);
  store.close();
  const again = session();
  expect(again.dc()?.id).toBe(3);
  expect(again.authKey()).toEqual(key);
});

test("a new login of the same account keeps what it knows, another account starts from nothing", () => {
  const store = session();
  loggedIn(store);
  store.entities.upsert([{ id: "5", hash: "99", username: "bob", phone: null, name: "Bob" }]);
  store.updates.commit({ account: { pts: 1, qts: 2, date: 3, seq: 4 } }, () => true);
  loggedIn(store);
  expect(store.entities.byUsername("BOB")?.id).toBe("5");
  expect(store.updates.account()).not.toBeNull();
  loggedIn(store, randomBytes(256), { ...SELF, id: "8" });
  expect(store.entities.count()).toBe(0);
  expect(store.updates.account()).toBeNull();
  expect(codeOf(() => store.refreshSelf(SELF))).toBe("account-changed");
});

test("a wrong fleet key and a changed row are refused, and the file stays as it is", () => {
  const store = session();
  const key = loggedIn(store);
  store.close();
  expect(codeOf(() => session({ fleetKey: randomBytes(32) }))).toBe("wrong-fleet-key");
  expect(codeOf(() => session({ fleetKey: randomBytes(31) }))).toBe("bad-fleet-key");
  const again = session();
  expect(again.authKey()).toEqual(key);
  again.close();

  const db = openDatabase({ path: again.file.path, role: "session", migrations: MIGRATIONS });
  db.write("UPDATE auth_key SET dc_id = 3");
  db.close();
  expect(codeOf(() => session())).toBe("key-unreadable");
});

test("keys of the wrong shape are refused", () => {
  const store = session();
  store.beginLogin();
  store.setDc(DC);
  for (const bad of [Buffer.alloc(256), randomBytes(255), randomBytes(0)])
    expect(codeOf(() => store.setAuthKey(bad))).toBe("bad-auth-key");
});

test("a second opener is refused", () => {
  session();
  expect(codeOf(() => session())).toBe("sqlite-locked");
});

test("one connection at a time has the claim, and giving it back twice frees no other one", () => {
  const store = session();
  const first = store.claim();
  expect(codeOf(() => store.claim())).toBe("session-claimed");
  first[Symbol.dispose]();
  using _second = store.claim();
  first[Symbol.dispose]();
  expect(codeOf(() => store.claim())).toBe("session-claimed");
});

test("a lower fencing number is refused", () => {
  const store = session();
  store.raiseFence(5);
  store.raiseFence(5);
  expect(codeOf(() => store.raiseFence(4))).toBe("stale-fence");
  expect(store.fence()).toBe(5);
});

test("entities are bounded by age and found by id, username and phone", () => {
  let now = 1000;
  const clock: Clock = { now: () => now, monotonicMs: () => now };
  const store = session({ clock, maxEntities: 100 });
  const row = (id: number) => ({
    id: String(id),
    hash: "1",
    username: `user${id}`,
    phone: `1555${id}`,
    name: null,
  });
  for (let id = 1; id <= 250; id++) {
    now++;
    store.entities.upsert([row(id)]);
  }
  expect(store.entities.count()).toBeLessThanOrEqual(200);
  expect(store.entities.byId("1")).toBeNull();
  expect(store.entities.byPhone("1555250")?.id).toBe("250");
  store.entities.upsert([{ ...row(250), username: "renamed", hash: "-9223372036854775808" }]);
  expect(store.entities.byUsername("user250")).toBeNull();
  expect(store.entities.byUsername("renamed")?.hash).toBe("-9223372036854775808");
});
