/** A record of a floating worker: another host starts from it (ADR 18). */
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  openSession,
  openStandbyRecord,
  type SessionStore,
  unpackSession,
} from "@flotilla/session-store";
import { testDir } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";

const fleetKey = Buffer.alloc(32, 3);
const KEY = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
const content = {
  text: "secret words",
  entities: [],
  media: null,
  groupedId: null,
  replyTo: null,
  topicId: null,
  from: null,
  out: false,
  noforwards: false,
  ttlS: null,
  service: false,
};

async function opened(dataDir: string): Promise<SessionStore> {
  const store = openSession({ dir: join(dataDir, "sessions"), name: "w", fleetKey });
  onTestFinished(() => store.close());
  return store;
}

function logIn(store: SessionStore): void {
  store.beginLogin();
  store.setDc({ id: 2, address: "149.154.167.51", port: 443 });
  store.setAuthKey(KEY);
  store.commitLogin({ id: "7000001", name: "Ann", username: null, phone: "15550100001" });
}

function wait(store: SessionStore, count: number): void {
  const events = Array.from({ length: count }, (_, n) => ({
    ...({ kind: "new", box: "1", chat: "-1001", version: 0, date: 1000, content } as const),
    messageId: n + 1,
  }));
  store.updates.commit({ events }, () => true);
}

async function moved(record: Buffer, key = fleetKey): Promise<SessionStore> {
  const dataDir = await testDir();
  unpackSession({ dataDir, fleetKey }, "w", [openStandbyRecord(record, "w", key)]);
  return await opened(dataDir);
}

test("has the key, the account, the positions, the proxy, the fence and what waits", async () => {
  const store = await opened(await testDir());
  logIn(store);
  store.floating.set(true);
  store.raiseFence(41);
  store.route.write("socks5://user:password@proxy.example:1080");
  wait(store, 3);
  store.updates.commit({ account: { pts: 7, qts: 1, date: 99, seq: 3 } }, () => true);
  store.updates.commit({ channels: [{ id: "5", pts: 12 }] }, () => true);
  const [first] = store.updates.pending(1);
  store.relay.outbox.take(
    [first?.n ?? 0],
    [
      {
        ...{ lane: "a", route: "a", key: "-1001/1/new", kind: "new", album: null },
        ...{ piece: '{"id":1}', sourceAt: 1000, readyAt: 0 },
      },
    ],
    [],
  );
  const record = store.standbyRecord();
  expect(record?.length).toBeLessThan(16 * 1024);
  expect(record?.includes("secret words") || record?.includes("15550100001")).toBe(false);
  const there = await moved(record ?? Buffer.alloc(0));
  expect(there.authKey()).toEqual(KEY);
  expect(there.self()).toEqual(store.self());
  expect(there.floating.isOn()).toBe(true);
  expect(there.fence()).toBe(41);
  expect(there.route.read()).toBe("socks5://user:password@proxy.example:1080");
  expect(there.updates.account()).toEqual({ pts: 7, qts: 1, date: 99, seq: 3 });
  expect(there.updates.channels()).toEqual([{ id: "5", pts: 12, hash: null }]);
  expect(there.updates.pending(9)).toEqual(store.updates.pending(9));
  expect(there.relay.outbox.heads()).toEqual(store.relay.outbox.heads());
  expect(there.relay.outbox.depths()).toEqual([{ route: "a", waiting: 1, poison: 0 }]);
});

test("is written again only after a write, and not without a login or with too much that waits", async () => {
  const store = await opened(await testDir());
  expect(store.standbyRecord()).toBeNull();
  logIn(store);
  const before = store.writes();
  store.standbyRecord();
  expect(store.writes()).toBe(before);
  wait(store, 1);
  expect(store.writes()).toBeGreaterThan(before);
  wait(store, 2000);
  expect(store.standbyRecord()).not.toBeNull();
  wait(store, 2001);
  expect(store.standbyRecord()).toBeNull();
});

test("opens with the fleet's key and for its own worker alone", async () => {
  const store = await opened(await testDir());
  logIn(store);
  const record = store.standbyRecord() ?? Buffer.alloc(0);
  const wrong = { code: "key-unreadable" };
  expect(() => openStandbyRecord(record, "w", Buffer.alloc(32, 4))).toThrow(
    expect.objectContaining(wrong),
  );
  expect(() => openStandbyRecord(record, "v", fleetKey)).toThrow(expect.objectContaining(wrong));
  record[40] = (record[40] ?? 0) ^ 1;
  expect(() => openStandbyRecord(record, "w", fleetKey)).toThrow(expect.objectContaining(wrong));
});

test("takes no place of a session of another key", async () => {
  const store = await opened(await testDir());
  logIn(store);
  const record = store.standbyRecord() ?? Buffer.alloc(0);
  const dataDir = await testDir();
  const other = await opened(dataDir);
  other.beginLogin();
  other.setDc({ id: 2, address: "149.154.167.51", port: 443 });
  other.setAuthKey(Buffer.alloc(256, 9));
  other.commitLogin({ id: "7000002", name: "Bob", username: null, phone: null });
  other.close();
  expect(() =>
    unpackSession({ dataDir, fleetKey }, "w", [openStandbyRecord(record, "w", fleetKey)]),
  ).toThrow(expect.objectContaining({ code: "move-session-there" }));
  expect(existsSync(join(dataDir, "sessions", "w.session"))).toBe(true);
});
