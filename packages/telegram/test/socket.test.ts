import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { waitFor } from "@flotilla/testkit";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type LinkSocket, SocketFactory } from "../src/link/socket.ts";

let server: Server;
let accepted: Socket[] = [];
let factory: SocketFactory;
let mayAct = true;

beforeEach(async () => {
  accepted = [];
  mayAct = true;
  server = createServer((socket) => {
    socket.on("error", () => {});
    accepted.push(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
  factory = new SocketFactory({
    dc: 2,
    endpoint,
    connectTimeoutMs: 5000,
    localAddress: "127.0.0.7",
    mayAct: () => mayAct,
  });
});
afterEach(async () => {
  await factory.shut();
  for (const socket of accepted) socket.destroy();
  server.close();
  await once(server, "close");
});

async function open(): Promise<{ near: LinkSocket; far: Socket }> {
  const Class = factory.socketClass();
  const near = await new Class().connect();
  const far = await waitFor(() => accepted.at(-1));
  return { near, far };
}

test("reads exactly what was asked for, however it is cut", async () => {
  const { near, far } = await open();
  const wanted = Buffer.from("hello world, this is one packet");
  const read = near.readExactly(wanted.length);
  for (const byte of wanted) far.write(Buffer.from([byte]));
  expect(await read).toEqual(wanted);
  far.write("abcdef");
  expect((await near.readExactly(2)).toString()).toBe("ab");
  expect((await near.readExactly(4)).toString()).toBe("cdef");
});

test("what arrived before the end can still be read, then reading fails", async () => {
  const { near, far } = await open();
  far.end("last words");
  expect((await near.readExactly(10)).toString()).toBe("last words");
  await expect(near.readExactly(1)).rejects.toThrow("closed");
  expect(() => near.write(Buffer.from("x"))).toThrow("closed");
});

test("a reset wakes a reader", async () => {
  const { near, far } = await open();
  const read = near.readExactly(1);
  far.resetAndDestroy();
  await expect(read).rejects.toThrow("closed");
});

test("connects from the given local address", async () => {
  const { far } = await open();
  expect(far.remoteAddress).toBe("127.0.0.7");
});

test("after shut nothing can be opened any more", async () => {
  const { far } = await open();
  const gone = once(far, "close");
  await factory.shut();
  await gone;
  const Class = factory.socketClass();
  await expect(new Class().connect()).rejects.toMatchObject({ code: "link-lost" });
  expect(accepted).toHaveLength(1);
});

test("a refused connection says so", async () => {
  const refused = new SocketFactory({
    dc: 2,
    endpoint: { host: "127.0.0.1", port: 1 },
    connectTimeoutMs: 5000,
    mayAct: () => true,
  });
  const Class = refused.socketClass();
  await expect(new Class().connect()).rejects.toMatchObject({ code: "ECONNREFUSED" });
});

test(
  "a process that may no longer act writes nothing: its socket is closed, and no new one is " +
    "opened",
  async () => {
    const { near, far } = await open();
    let received = "";
    far.on("data", (chunk) => {
      received += chunk;
    });
    const gone = once(far, "close");
    near.write(Buffer.from("before"));
    await waitFor(() => received === "before");
    mayAct = false;
    expect(() => near.write(Buffer.from("after"))).toThrow("closed");
    await gone;
    expect(received).toBe("before");
    const Class = factory.socketClass();
    await expect(new Class().connect()).rejects.toMatchObject({ code: "link-lost" });
    expect(accepted).toHaveLength(1);
  },
);
