/**
 * Garbage over the wire, before and after the connection is open: the worker lives, the key stays,
 * no update is missed.
 */
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { crc32 } from "node:zlib";
import type { TelegramServer } from "@flotilla/telegram";
import { waitFor } from "@flotilla/testkit";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { account, newStore, storeWithKey, watch } from "./kit.ts";
import { useSandbox } from "./world.ts";

const world = useSandbox();
const publicKeyPem = generateKeyPairSync("rsa", { modulusLength: 2048 })
  .publicKey.export({ type: "pkcs1", format: "pem" })
  .toString();

/**
 * A frame of the full transport (https://core.telegram.org/mtproto/mtproto-transports#full), valid
 * in all but its content.
 */
function frame(payload: Buffer, length = payload.length + 12): Buffer {
  const head = Buffer.alloc(8);
  head.writeInt32LE(length, 0);
  const tail = Buffer.alloc(4);
  tail.writeUInt32LE(crc32(payload, crc32(head)));
  return Buffer.concat([head, payload, tail]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

/** Bytes that a broken or hostile server, or a middlebox, may send. */
const bytes = (min: number, max: number) =>
  fc.uint8Array({ minLength: min, maxLength: max }).map((all) => Buffer.from(all));
const garbage = fc.oneof(
  bytes(1, 300),
  bytes(4, 200).map((payload) => frame(payload).subarray(0, -3)),
  bytes(1, 200).map((payload) => frame(payload)),
  bytes(0, 64).chain((payload) => fc.integer().map((length) => frame(payload, length))),
  fc.constantFrom(0x7fffffff, -1, 0, 4, 11, 12).map((length) => frame(Buffer.alloc(0), length)),
  fc.integer({ min: -500, max: 500 }).map((code) => frame(int32(code))),
  fc.constant(Buffer.from("HTTP/1.1 302 Found\r\nLocation: http://login.hotel.example/\r\n\r\n")),
);

function listenFor(server: Server, open: Set<Socket>): Promise<number> {
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.on("error", () => socket.destroy()).on("close", () => open.delete(socket));
  });
  onTestFinished(async () => {
    for (const socket of open) socket.destroy();
    server.close();
    await once(server, "close");
  });
  server.listen(0, "127.0.0.1");
  return once(server, "listening").then(() => (server.address() as AddressInfo).port);
}

test(
  "whatever a server answers first, the worker tries again or gives up in order, and keeps " +
    "its key",
  async () => {
    let answer: Buffer = Buffer.alloc(0);
    const open = new Set<Socket>();
    const server = createServer((socket) => socket.once("data", () => socket.write(answer)));
    const port = await listenFor(server, open);
    const custom: TelegramServer = { kind: "custom", host: "127.0.0.1", port, publicKeyPem };
    const store = await storeWithKey();
    const key = store.authKey();
    await fc.assert(
      fc.asyncProperty(garbage, async (bytesNow) => {
        answer = bytesNow;
        const { connection } = watch({
          ...account(custom),
          store,
          timings: { connectMs: 40, backoff: { delaysMs: [60_000], jitter: 0 } },
        });
        connection.start();
        await waitFor(() => ["waiting", "dead"].includes(connection.status().state), {
          intervalMs: 2,
        });
        const { fault, state } = connection.status();
        // -444 means that this program connected to the wrong data centre; no other plain answer may
        // end a session.
        expect(["NETWORK", "TG_SERVER", "AUTH_DEAD", "CONFIG"]).toContain(fault?.class);
        if (state === "dead") expect(fault?.code).toBe("transport-444");
        if (fault?.class === "AUTH_DEAD") expect(fault.code).toBe("unknown-key");
        await connection.stop();
        expect(store.authKey()).toEqual(key);
      }),
      { numRuns: 60 },
    );
    await waitFor(() => open.size === 0);
  },
);

interface Wire {
  readonly server: TelegramServer;
  /** Sends this to the client, between its other traffic. */
  inject(garbage: Buffer): void;
}

/** The sandbox behind a wire that can be corrupted. */
async function spoiltWire(): Promise<Wire> {
  const open = new Set<Socket>();
  const clients = new Set<Socket>();
  const { host, port: target } = world.sandbox.mtproto;
  const server = createServer((client) => {
    clients.add(client);
    const upstream = connect({ host, port: target });
    open.add(upstream);
    upstream.on("error", () => client.destroy()).on("close", () => client.destroy());
    client.on("close", () => {
      clients.delete(client);
      upstream.destroy();
    });
    client.pipe(upstream).pipe(client);
  });
  const port = await listenFor(server, open);
  const inject = (bad: Buffer): void => {
    for (const client of clients) client.write(bad);
  };
  return {
    server: { ...(world.server as Extract<TelegramServer, { kind: "custom" }>), port },
    inject,
  };
}

test(
  "garbage in the middle of a connection costs at most the connection: what is said is " +
    "received, once each",
  async () => {
    const wire = await spoiltWire();
    const phone = world.person();
    const friend = world.person();
    const store = await newStore();
    await world.logIn(store, phone);
    const key = store.authKey();
    const { connection, reached } = watch({
      ...account(wire.server),
      store,
      timings: {
        pingEveryMs: 50,
        pingTimeoutMs: 2000,
        backoff: { delaysMs: [0], jitter: 0 },
        unknownKeyDelaysMs: Array(99).fill(1),
      },
    });
    connection.start();
    await reached("ready");
    const said: string[] = [];
    const texts = (): string[] =>
      store.updates
        .pending(9999)
        .filter(({ chat }) => chat !== "777000")
        .map(({ content }) => content?.text ?? "");
    // -444 is an answer about this program, which the client may believe.
    const harmless = garbage.filter((bad) => !(bad.length === 16 && bad.readInt32LE(8) === -444));
    await fc.assert(
      fc.asyncProperty(harmless, async (bad) => {
        said.push(`m${said.length}`);
        world.sandbox.world.sendPrivate(friend, phone, said.at(-1) ?? "");
        wire.inject(bad);
        said.push(`m${said.length}`);
        world.sandbox.world.sendPrivate(friend, phone, said.at(-1) ?? "");
        await waitFor(() => texts().length >= said.length, { what: `${said.length} messages` });
        expect(texts().toSorted()).toEqual(said.toSorted());
      }),
      { numRuns: 20 },
    );
    await reached("ready");
    expect(store.authKey()).toEqual(key);
  },
);
