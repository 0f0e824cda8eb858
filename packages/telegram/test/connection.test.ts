import type { SelfUser, SessionStore } from "@flotilla/session-store";
import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { account, newStore, watch } from "./kit.ts";
import { useSandbox } from "./world.ts";

const world = useSandbox();

/** A logged-in session of a new account. */
async function member(): Promise<{ phone: string; store: SessionStore; keyId: string }> {
  const phone = world.person();
  const store = await newStore();
  await world.logIn(store, phone);
  const keyId = world.sandbox.world.sessions(phone)[0]?.keyId ?? "";
  return { phone, store, keyId };
}

/** The same session in another file: two users of one key. */
async function copyOf(store: SessionStore, self: SelfUser): Promise<SessionStore> {
  const copy = await newStore();
  copy.beginLogin();
  copy.setDc({ id: 2, address: "", port: 0 });
  copy.setAuthKey(store.authKey());
  copy.commitLogin(self);
  return copy;
}

const selfOf = (store: SessionStore): SelfUser =>
  store.self() ?? { id: "0", name: "", username: null, phone: null };
const calls = (): number => world.sandbox.world.counters()["users.getUsers"] ?? 0;

test("connects, proves who it is, and check is a real call", async () => {
  const { phone, store } = await member();
  const { connection, reached, states } = watch({ ...account(world.server), store });
  connection.start();
  connection.start();
  await reached("ready");
  expect(connection.status()).toMatchObject({
    connects: 1,
    reconnects: 0,
    attempt: 0,
    fault: null,
    self: { phone },
  });
  expect(connection.status().lastSuccessAt).toBeGreaterThan(0);
  const before = calls();
  expect(await connection.check()).toMatchObject({ phone });
  expect(calls()).toBe(before + 1);
  expect(world.open(phone)).toBe(1);
  await connection.stop();
  await waitFor(() => world.open(phone) === 0);
  expect(states).toEqual(["connecting", "catching-up", "ready", "stopped"]);
});

test.each(["fin", "rst"] as const)(
  "a dropped connection (%s) is restored automatically",
  async (how) => {
    const { phone, store } = await member();
    const { connection } = watch({ ...account(world.server), store });
    connection.start();
    for (let n = 0; n < 3; n++) {
      await waitFor(
        () => connection.status().state === "ready" && connection.status().reconnects === n,
      );
      expect(world.sandbox.world.faults.drop({ phone }, how)).toBe(1);
    }
    await waitFor(
      () => connection.status().state === "ready" && connection.status().reconnects === 3,
    );
    await waitFor(() => world.open(phone) === 1);
  },
);

test("a server that falls silent is noticed by the ping and replaced", async () => {
  const { phone, store } = await member();
  const { connection, reached } = watch({
    ...account(world.server),
    store,
    timings: { pingEveryMs: 20, pingTimeoutMs: 1000 },
  });
  connection.start();
  await reached("ready");
  const id = world.sandbox.world.connections().find((each) => each.phone === phone)?.id;
  world.sandbox.world.faults.silence({ phone });
  await waitFor(() => connection.status().reconnects >= 1 && connection.status().state === "ready");
  const others = () =>
    world.sandbox.world.connections().filter((each) => each.phone === phone && each.id !== id);
  await waitFor(() => others().length === 1);
});

test("the server hangs up on a connection that stopped pinging", async () => {
  const { store } = await member();
  const timings = { pingEveryMs: 60_000, serverDisconnectS: 1 };
  const { connection } = watch({ ...account(world.server), store, timings });
  connection.start();
  await waitFor(() => connection.status().reconnects >= 1 && connection.status().state === "ready");
});

test("a server that answers pings is left alone", async () => {
  const { store } = await member();
  const { connection, reached, states } = watch({
    ...account(world.server),
    store,
    timings: { pingEveryMs: 5, pingTimeoutMs: 30_000 },
  });
  connection.start();
  await reached("ready");
  const start = connection.status().lastSuccessAt ?? 0;
  await waitFor(() => (connection.status().lastSuccessAt ?? 0) > start + 50);
  expect(states).toEqual(["connecting", "catching-up", "ready"]);
});

test("a server that is away for a while is waited for", async () => {
  const { store, phone } = await member();
  const { connection, reached } = watch({ ...account(world.server), store });
  connection.start();
  await reached("ready");
  world.sandbox.world.faults.refuse(2);
  world.sandbox.world.faults.drop({ phone }, "rst");
  await waitFor(() => connection.status().attempt >= 3);
  expect(connection.status().fault).toMatchObject({ class: "NETWORK" });
  world.sandbox.world.faults.heal();
  await reached("ready");
  expect(connection.status()).toMatchObject({ reconnects: 1, fault: null });
});

test("a session that was ended from another device is dead and not tried again", async () => {
  const { phone, store, keyId } = await member();
  const { connection, reached } = watch({ ...account(world.server), store });
  connection.start();
  await reached("ready");
  world.sandbox.world.terminateSession(phone, keyId);
  world.sandbox.world.faults.drop({ keyId }, "rst");
  await reached("dead");
  expect(connection.status().fault).toMatchObject({ class: "AUTH_DEAD" });
  expect(connection.status().nextTryAt).toBeNull();
  expect(store.hasKey).toBe(true);
  await waitFor(() => world.sandbox.world.connections().every((each) => each.keyId !== keyId));
});

test("a check that learns of a ban ends the connection for good", async () => {
  const { phone, store } = await member();
  const { connection, reached } = watch({ ...account(world.server), store });
  connection.start();
  await reached("ready");
  world.sandbox.world.faults.failCalls({
    method: "users.getUsers",
    code: 401,
    text: "USER_DEACTIVATED_BAN",
    times: 3,
    phone,
  });
  await expect(connection.check()).rejects.toThrow();
  await reached("dead");
  expect(connection.status().fault).toMatchObject({
    class: "BANNED",
    code: "USER_DEACTIVATED_BAN",
  });
  await waitFor(() => world.open(phone) === 0);
});

test("a check that fails for a passing reason leaves the connection alone", async () => {
  const { phone, store } = await member();
  const { connection, reached } = watch({ ...account(world.server), store });
  connection.start();
  await reached("ready");
  world.sandbox.world.faults.failCalls({
    method: "users.getUsers",
    code: 500,
    text: "RPC_CALL_FAIL",
    times: 1,
    phone,
  });
  await expect(connection.check()).rejects.toThrow();
  expect(await connection.check()).toMatchObject({ phone });
  expect(connection.status()).toMatchObject({ state: "ready", reconnects: 0 });
});

test.each([
  [0, {}],
  [1, {}],
  [0, { stableMs: 0, fatalDelaysMs: [60_000] }],
])(
  "after a log-out the session is dead, also when %i checks of it fail (%o)",
  async (times, timings) => {
    const { phone, store } = await member();
    const { connection, reached } = watch({ ...account(world.server), store, timings });
    connection.start();
    await reached("ready");
    if (times > 0)
      world.sandbox.world.faults.failCalls({
        method: "users.getUsers",
        code: 500,
        text: "INTERNAL",
        times,
      });
    await connection.logOut();
    await reached("dead");
    expect(connection.status().fault).toMatchObject({
      class: "AUTH_DEAD",
      code: "AUTH_KEY_UNREGISTERED",
    });
    expect(world.sandbox.world.sessions(phone)).toEqual([]);
  },
);

test("a key that the server forgot is given up after three tries, and never erased", async () => {
  const { store, keyId } = await member();
  const key = store.authKey();
  const { connection, reached } = watch({ ...account(world.server), store });
  connection.start();
  await reached("ready");
  world.sandbox.world.faults.forgetKey(keyId);
  world.sandbox.world.faults.drop({}, "rst");
  await reached("dead");
  expect(connection.status().fault).toMatchObject({ class: "AUTH_DEAD", code: "unknown-key" });
  expect(store.authKey()).toEqual(key);
});

test("a flood wait is waited for in full", async () => {
  const { phone, store } = await member();
  world.sandbox.world.faults.failCalls({
    method: "users.getUsers",
    code: 420,
    text: "FLOOD_WAIT_300",
    times: 1,
    phone,
  });
  const { connection, reached } = watch({ ...account(world.server), store });
  connection.start();
  await reached("waiting");
  expect(connection.status().fault).toMatchObject({ class: "FLOOD", waitS: 300 });
  expect(connection.status().nextTryAt).toBeGreaterThan(Date.now() + 290_000);
  await waitFor(() => world.open(phone) === 0);
});

test("a key that suddenly belongs to another account is refused", async () => {
  const { store } = await member();
  const copy = await copyOf(store, { ...selfOf(store), id: "999" });
  const { connection, reached } = watch({ ...account(world.server), store: copy });
  connection.start();
  await reached("dead");
  expect(connection.status().fault).toMatchObject({ class: "CONFIG", code: "account-changed" });
});

test("a copy of the session at another address kills the key, and neither retries", async () => {
  const { store, phone } = await member();
  const copy = await copyOf(store, selfOf(store));
  const first = watch({ ...account(world.server), store });
  first.connection.start();
  await first.reached("ready");
  const second = watch({ ...account(world.server), store: copy, localAddress: "127.0.0.9" });
  second.connection.start();
  await second.reached("dead");
  expect(second.connection.status().fault).toMatchObject({
    class: "AUTH_DEAD",
    code: "AUTH_KEY_DUPLICATED",
  });
  await first.connection.check().catch(() => {});
  await first.reached("dead");
  await waitFor(() => world.open(phone) === 0);
});

test("a message is in the inbox before it is counted, and who sent it is remembered", async () => {
  const { phone, store } = await member();
  const { connection, reached } = watch({ ...account(world.server), store });
  connection.start();
  await reached("ready");
  const other = world.person();
  world.sandbox.world.sendPrivate(other, phone, "s3cret words");
  await waitFor(() => connection.status().messages === 1);
  const sender = world.sandbox.world.account(other).id;
  expect(store.updates.pending(9)).toMatchObject([
    {
      kind: "new",
      chat: sender,
      box: "account",
      content: { text: "s3cret words", from: sender, out: false },
    },
  ]);
  expect(JSON.stringify(connection.status())).not.toContain("s3cret");
  expect(store.entities.byId(sender)).toMatchObject({ name: "Ann" });
});

test("stopping in any phase leaves no connection and can be repeated", async () => {
  const { phone, store } = await member();
  for (const state of ["connecting", "ready", "waiting"] as const) {
    const { connection, reached } = watch({
      ...account(world.server),
      store,
      timings: { backoff: { delaysMs: [60_000], jitter: 0 } },
    });
    connection.start();
    if (state !== "connecting") await reached("ready");
    if (state === "waiting") {
      world.sandbox.world.faults.drop({ phone }, "rst");
      await reached("waiting");
    }
    await connection.stop();
    await connection.stop();
    expect(connection.status().state).toBe("stopped");
    await waitFor(() => world.open(phone) === 0);
  }
});
