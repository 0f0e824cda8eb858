/** Connections through real proxies on loopback: SOCKS, HTTP CONNECT, MTProxy. */

import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { type ProxyRoute, parseProxy } from "@flotilla/kernel";
import { type MtProxy, startMtProxy } from "@flotilla/sandbox";
import { LoginFlow } from "@flotilla/telegram";
import { startProxy, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { account, newStore, watch } from "./kit.ts";
import { useSandbox } from "./world.ts";

const world = useSandbox();

async function member(proxy: ProxyRoute) {
  const phone = world.person();
  const store = await newStore();
  await world.logIn(store, phone);
  return { phone, store, ...watch({ ...account(world.server), store, proxy: () => proxy }) };
}

test.each(["socks5", "socks4", "http"])(
  "a worker connects and receives through %s",
  async (kind) => {
    const server = await startProxy();
    const { connection, reached, phone, store } = await member(
      parseProxy(`${kind}://127.0.0.1:${server.port}`),
    );
    connection.start();
    await reached("ready");
    const { host, port } = world.sandbox.mtproto;
    expect(server.asked).toEqual([`${host}:${port}`]);
    world.sandbox.world.sendPrivate(world.person(), phone, "through");
    await waitFor(() =>
      store.updates.pending(9).some(({ content }) => content?.text === "through"),
    );
  },
);

test.each(["socks5", "http"])(
  "%s: user and password are given; wrong ones are a matter of configuration, not of the network",
  async (kind) => {
    const server = await startProxy({ ann: "p@ss" });
    const good = await member(parseProxy(`${kind}://ann:p%40ss@127.0.0.1:${server.port}`));
    good.connection.start();
    await good.reached("ready");
    const bad = await member(parseProxy(`${kind}://ann:wrong@127.0.0.1:${server.port}`));
    bad.connection.start();
    await bad.reached("dead");
    expect(bad.connection.status().fault).toMatchObject({ class: "CONFIG", code: "proxy-auth" });
    expect(JSON.stringify(bad.connection.status())).not.toContain("wrong");
  },
);

test.each([
  ["socks5", 5],
  ["http", 502],
])(
  "a %s proxy that cannot go on, or is away, is waited for, and nothing goes around it",
  async (kind, refusal) => {
    const server = await startProxy();
    server.refuse = refusal;
    const { connection, reached, phone } = await member(
      parseProxy(`${kind}://127.0.0.1:${server.port}`),
    );
    connection.start();
    await waitFor(() => connection.status().attempt >= 2);
    expect(connection.status().fault).toMatchObject({ class: "NETWORK", code: "proxy-refused" });
    expect(world.open(phone)).toBe(0);
    server.refuse = 0;
    await reached("ready");
  },
);

const SECRET = "00112233445566778899aabbccddeeff";

async function mtProxy(domain?: string): Promise<MtProxy> {
  const { host, dcPort } = world.sandbox.mtproto;
  const proxy = await startMtProxy({
    secret: SECRET,
    ...(domain === undefined ? {} : { domain }),
    address: (dc) => (dc === 2 ? { host, port: dcPort(dc) } : null),
  });
  onTestFinished(() => proxy.close());
  return proxy;
}

test.each(["", "dd"])(
  "a worker connects, sends and receives through an MTProxy with a secret of the kind %j",
  async (prefix) => {
    const proxy = await mtProxy();
    const route = parseProxy(`mtproxy://${prefix}${SECRET}@127.0.0.1:${proxy.port}`);
    const { connection, reached, phone, store } = await member(route);
    connection.start();
    await reached("ready");
    expect(proxy.asked).toEqual([2]);
    const mine = world.sandbox.world.connections().filter((each) => each.phone === phone);
    expect(mine.map(({ transport }) => transport)).toEqual(["obfuscated padded-intermediate"]);
    world.sandbox.world.sendPrivate(world.person(), phone, "through".repeat(500));
    await waitFor(() =>
      store.updates.pending(9).some(({ content }) => content?.text === "through".repeat(500)),
    );
    await connection.check();
  },
);

test(
  "a wrong secret, and a proxy that is away, are waited for; nothing goes around them, and " +
    "the key stays",
  async () => {
    const proxy = await mtProxy();
    const wrong = parseProxy(`mtproxy://${SECRET.replaceAll("0", "1")}@127.0.0.1:${proxy.port}`);
    const one = await member(wrong);
    one.connection.start();
    await waitFor(() => one.connection.status().attempt >= 2);
    expect(one.connection.status().fault).toMatchObject({ class: "NETWORK" });
    expect(proxy.strangers).toBeGreaterThan(0);
    const gone = await member(parseProxy(`mtproxy://${SECRET}@127.0.0.1:1`));
    gone.connection.start();
    await waitFor(() => gone.connection.status().attempt >= 2);
    expect(gone.connection.status().fault).toMatchObject({
      class: "NETWORK",
      code: "ECONNREFUSED",
    });
    for (const { phone, store } of [one, gone]) {
      expect(world.open(phone)).toBe(0);
      expect(store.hasKey).toBe(true);
    }
  },
);

test("a new way is taken with the next connection, not by the one that is open", async () => {
  const proxy = await mtProxy();
  let route: ProxyRoute | null = null;
  const phone = world.person();
  const store = await newStore();
  await world.logIn(store, phone);
  const { connection, reached } = watch({ ...account(world.server), store, proxy: () => route });
  connection.start();
  await reached("ready");
  route = parseProxy(`mtproxy://${SECRET}@127.0.0.1:${proxy.port}`);
  await connection.check();
  expect(proxy.asked).toEqual([]);
  await connection.stop();
  connection.start();
  await reached("ready");
  expect(proxy.asked).toEqual([2]);
});

test("a login goes through the MTProxy too", async () => {
  const proxy = await mtProxy();
  const phone = world.person();
  const store = await newStore();
  const route = parseProxy(`mtproxy://${SECRET}@127.0.0.1:${proxy.port}`);
  const login = new LoginFlow({ ...account(world.server), store, proxy: () => route });
  onTestFinished(() => login.cancel());
  expect(await login.sendCode(phone)).toMatchObject({ kind: "code-sent" });
  expect(await login.submitCode(world.code(phone))).toMatchObject({ kind: "done" });
  expect(new Set(proxy.asked)).toEqual(new Set([2]));
});

const SITE = "www.example.com";
const FAKE_TLS = `ee${SECRET}${Buffer.from(SITE).toString("hex")}`;

test.each([
  [
    "a link with the secret in base64",
    (port: number) =>
      `https://t.me/proxy?server=127.0.0.1&port=${port}&secret=${Buffer.from(FAKE_TLS, "hex").toString("base64url")}`,
  ],
  ["hex", (port: number) => `mtproxy://${FAKE_TLS}@127.0.0.1:${port}`],
  ["a line of a list", (port: number) => `127.0.0.1:${port}:${FAKE_TLS}`],
])(
  "an MTProxy that hides as a web server (ee), as %s: a worker connects, sends and receives (field fault C5)",
  async (_what, text) => {
    const proxy = await mtProxy(SITE);
    const { connection, reached, phone, store } = await member(parseProxy(text(proxy.port)));
    connection.start();
    await reached("ready");
    expect(proxy.asked).toEqual([2]);
    world.sandbox.world.sendPrivate(world.person(), phone, "through".repeat(500));
    await waitFor(() =>
      store.updates.pending(9).some(({ content }) => content?.text === "through".repeat(500)),
    );
    await connection.check();
    expect(proxy.strangers).toBe(0);
  },
);

test(
  "an ee proxy that hangs up on a wrong secret is waited for; one that does not prove its " +
    "secret is a matter of configuration",
  async () => {
    const proxy = await mtProxy(SITE);
    const wrong = await member(
      parseProxy(`mtproxy://${FAKE_TLS.replaceAll("0", "1")}@127.0.0.1:${proxy.port}`),
    );
    wrong.connection.start();
    await waitFor(() => wrong.connection.status().attempt >= 2);
    expect(wrong.connection.status().fault).toMatchObject({ class: "NETWORK" });
    expect(proxy.strangers).toBeGreaterThan(0);
    const site = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () =>
        socket.write(Buffer.concat([record(0x16, 90), record(0x14, 1), record(0x17, 200)])),
      );
    });
    site.listen(0, "127.0.0.1");
    await once(site, "listening");
    onTestFinished(() => void site.close());
    const real = await member(
      parseProxy(`mtproxy://${FAKE_TLS}@127.0.0.1:${(site.address() as AddressInfo).port}`),
    );
    real.connection.start();
    await real.reached("dead");
    expect(real.connection.status().fault).toMatchObject({ class: "CONFIG", code: "proxy-unfit" });
    expect([world.open(wrong.phone), world.open(real.phone)]).toEqual([0, 0]);
  },
);

function record(kind: number, size: number): Buffer {
  return Buffer.concat([Buffer.from([kind, 3, 3, size >> 8, size & 255]), Buffer.alloc(size, 7)]);
}
