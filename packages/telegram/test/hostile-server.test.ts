/** Misbehaving servers: mute, gone, refusing. They need no MTProto. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { crc32 } from "node:zlib";
import { LoginFlow, type TelegramServer } from "@flotilla/telegram";
import { waitFor } from "@flotilla/testkit";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { account, newStore, storeWithKey, watch } from "./kit.ts";

const consoleLines: unknown[][] = [];
beforeEach(() => {
  consoleLines.length = 0;
  for (const method of ["log", "info", "warn", "error", "debug"] as const) {
    vi.spyOn(console, method).mockImplementation((...args) => void consoleLines.push(args));
  }
});
afterEach(() => expect(consoleLines).toEqual([]));

interface Dumb {
  readonly server: TelegramServer;
  readonly open: Set<Socket>;
  accepted: number;
}

/** A TCP server that answers every connection's first packet with `answer`, or not at all. */
async function dumbServer(answer?: Buffer): Promise<Dumb> {
  const open = new Set<Socket>();
  const tcp = createServer((socket) => {
    dumb.accepted++;
    open.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => open.delete(socket));
    socket.on("data", () => {});
    if (answer) socket.once("data", () => socket.write(answer));
  });
  tcp.listen(0, "127.0.0.1");
  await once(tcp, "listening");
  onTestFinished(async () => {
    for (const socket of open) socket.destroy();
    tcp.close();
    await once(tcp, "close");
  });
  const publicKeyPem = await testKey();
  const { port } = tcp.address() as AddressInfo;
  const dumb: Dumb = {
    server: { kind: "custom", host: "127.0.0.1", port, publicKeyPem },
    open,
    accepted: 0,
  };
  return dumb;
}

async function testKey(): Promise<string> {
  const { generateKeyPairSync } = await import("node:crypto");
  return generateKeyPairSync("rsa", { modulusLength: 2048 })
    .publicKey.export({ type: "pkcs1", format: "pem" })
    .toString();
}

/**
 * A transport error in the full transport
 * (https://core.telegram.org/mtproto/mtproto-transports#full).
 */
function transportError(code: number): Buffer {
  const packet = Buffer.alloc(16);
  packet.writeInt32LE(16, 0);
  packet.writeInt32LE(0, 4);
  packet.writeInt32LE(-code, 8);
  packet.writeUInt32LE(crc32(packet.subarray(0, 12)), 12);
  return packet;
}

test(
  "a server that never answers is given up after the limit, again and again, one connection " +
    "at a time",
  async () => {
    const dumb = await dumbServer();
    const { connection, states } = watch({
      ...account(dumb.server),
      store: await storeWithKey(),
      timings: { connectMs: 30 },
    });
    connection.start();
    await waitFor(() => dumb.accepted >= 4);
    await waitFor(() => dumb.open.size <= 1);
    expect(connection.status()).toMatchObject({ connects: 0 });
    await connection.stop();
    await waitFor(() => dumb.open.size === 0);
    expect(new Set(states)).toEqual(new Set(["connecting", "waiting", "stopped"]));
  },
);

test("stop during connect closes the socket at once, and nothing comes back", async () => {
  const dumb = await dumbServer();
  const { connection, states } = watch({ ...account(dumb.server), store: await storeWithKey() });
  connection.start();
  await waitFor(() => dumb.open.size === 1);
  const before = performance.now();
  await connection.stop();
  expect(performance.now() - before).toBeLessThan(20_000);
  await waitFor(() => dumb.open.size === 0);
  expect(dumb.accepted).toBe(1);
  expect(states).toEqual(["connecting", "stopped"]);
});

test("a refused connection is a network fault with a retry", async () => {
  const server = {
    kind: "custom",
    host: "127.0.0.1",
    port: 1,
    publicKeyPem: await testKey(),
  } as const;
  const backoff = { delaysMs: [5, 60_000], jitter: 0 };
  const { connection } = watch({
    ...account(server),
    store: await storeWithKey(),
    timings: { backoff },
  });
  connection.start();
  await waitFor(() => connection.status().attempt === 2);
  expect(connection.status()).toMatchObject({
    state: "waiting",
    fault: { class: "NETWORK", code: "ECONNREFUSED" },
  });
  expect(connection.status().nextTryAt).toBeGreaterThan(Date.now() + 30_000);
  await expect(connection.check()).rejects.toMatchObject({ code: "not-connected" });
});

test(
  "a key that the server does not know is tried three times, then given up, and stays in the " +
    "file",
  async () => {
    const dumb = await dumbServer(transportError(404));
    const key = randomBytes(256);
    const store = await storeWithKey(key);
    const { connection, reached } = watch({ ...account(dumb.server), store });
    connection.start();
    await reached("dead");
    expect(dumb.accepted).toBe(3);
    expect(connection.status()).toMatchObject({
      attempt: 3,
      fault: { class: "AUTH_DEAD", code: "unknown-key" },
      nextTryAt: null,
    });
    expect(store.authKey()).toEqual(key);
    await waitFor(() => dumb.open.size === 0);
  },
);

test("too many connections from this address is waited out", async () => {
  const dumb = await dumbServer(transportError(429));
  const { connection, reached } = watch({ ...account(dumb.server), store: await storeWithKey() });
  connection.start();
  await reached("waiting");
  expect(connection.status()).toMatchObject({
    fault: { class: "NETWORK", code: "transport-429", waitS: 60 },
  });
  expect(connection.status().nextTryAt).toBeGreaterThan(Date.now() + 50_000);
});

test("a session without a key is dead, not connecting", async () => {
  const dumb = await dumbServer();
  const { connection, reached } = watch({ ...account(dumb.server), store: await newStore() });
  connection.start();
  await reached("dead");
  expect(connection.status().fault).toMatchObject({ class: "AUTH_DEAD", code: "no-key" });
  expect(dumb.accepted).toBe(0);
});

test(
  "a login on a mute server is a network refusal that can be tried again, and cancel leaves " +
    "nothing",
  async () => {
    const dumb = await dumbServer();
    const store = await newStore();
    const flow = new LoginFlow({ ...account(dumb.server), store, timings: { connectMs: 30 } });
    expect(await flow.sendCode("+1 555 0001")).toMatchObject({
      kind: "refused",
      reason: "network",
      final: false,
    });
    await waitFor(() => dumb.open.size === 0);
    const pending = flow.sendCode("+1 555 0001");
    await expect(flow.resendCode()).rejects.toMatchObject({ code: "login-busy" });
    await flow.cancel();
    expect(await pending).toMatchObject({
      kind: "refused",
      reason: expect.stringMatching(/cancelled|network/),
    });
    await waitFor(() => dumb.open.size === 0);
    expect(store.inLogin).toBe(false);
    expect(await flow.sendCode("1")).toMatchObject({
      kind: "refused",
      reason: "cancelled",
      final: true,
    });
  },
);
