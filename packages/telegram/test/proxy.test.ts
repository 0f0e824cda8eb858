/** Connections through a real SOCKS server on loopback, as RFC 1928 and 1929 describe it. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { type ProxyRoute, parseProxy } from "@flotilla/domain";
import { type MtProxy, startMtProxy } from "@flotilla/sandbox";
import { LoginFlow } from "@flotilla/telegram";
import { waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { account, newStore, watch } from "./kit.ts";
import { useSandbox } from "./world.ts";

const world = useSandbox();

interface SocksServer {
  readonly port: number;
  readonly asked: string[];
  /** The answer to every request instead of going on: a SOCKS5 reply code. */
  refuse: number;
}

async function socksServer(users: Readonly<Record<string, string>> = {}): Promise<SocksServer> {
  const state = { port: 0, asked: [] as string[], refuse: 0 };
  const open = new Set<Socket>();
  const server: Server = createServer((client) => {
    open.add(client);
    client.on("error", () => {}).on("close", () => open.delete(client));
    void serve(client, users, state).catch(() => client.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  state.port = (server.address() as AddressInfo).port;
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return state;
}

async function serve(client: Socket, users: Readonly<Record<string, string>>, state: SocksServer): Promise<void> {
  const take = reader(client);
  const [version] = await take(1);
  const target = version === 4 ? await socks4(take) : await socks5(client, take, users);
  state.asked.push(`${target.host}:${target.port}`);
  if (state.refuse) {
    client.end(Buffer.from([5, state.refuse, 0, 1, 0, 0, 0, 0, 0, 0]));
    return;
  }
  const upstream = connect(target);
  upstream.on("error", () => client.destroy()).on("close", () => client.destroy());
  client.on("close", () => upstream.destroy());
  await once(upstream, "connect");
  client.write(version === 4 ? Buffer.from([0, 90, 0, 0, 0, 0, 0, 0]) : Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
  client.pipe(upstream).pipe(client);
}

type Take = (size: number) => Promise<Buffer>;

async function socks4(take: Take): Promise<{ host: string; port: number }> {
  const head = await take(7);
  while ((await take(1))[0] !== 0);
  return { host: [...head.subarray(3, 7)].join("."), port: head.readUInt16BE(1) };
}

async function socks5(
  client: Socket,
  take: Take,
  users: Readonly<Record<string, string>>,
): Promise<{ host: string; port: number }> {
  const methods = await take((await take(1))[0] ?? 0);
  const method = Object.keys(users).length === 0 ? 0 : 2;
  client.write(Buffer.from([5, methods.includes(method) ? method : 255]));
  if (method === 2) {
    await take(1);
    const name = (await take((await take(1))[0] ?? 0)).toString();
    const password = (await take((await take(1))[0] ?? 0)).toString();
    client.write(Buffer.from([1, users[name] === password ? 0 : 1]));
  }
  const [, , , kind] = await take(4);
  const host =
    kind === 1 ? [...(await take(4))].join(".") : kind === 3 ? (await take((await take(1))[0] ?? 0)).toString() : "::1";
  if (kind === 4) expect((await take(16)).toString("hex")).toBe("00000000000000000000000000000001");
  return { host, port: (await take(2)).readUInt16BE(0) };
}

function reader(client: Socket): Take {
  return async (size) => {
    for (;;) {
      const chunk = size === 0 ? Buffer.alloc(0) : (client.read(size) as Buffer | null);
      if (chunk) return chunk;
      await once(client, "readable");
    }
  };
}

async function member(proxy: ProxyRoute) {
  const phone = world.person();
  const store = await newStore();
  await world.logIn(store, phone);
  return { phone, store, ...watch({ ...account(world.server), store, proxy: () => proxy }) };
}

test.each(["socks5", "socks4"])("a worker connects and receives through %s", async (kind) => {
  const server = await socksServer();
  const { connection, reached, phone, store } = await member(parseProxy(`${kind}://127.0.0.1:${server.port}`));
  connection.start();
  await reached("ready");
  const { host, port } = world.sandbox.mtproto;
  expect(server.asked).toEqual([`${host}:${port}`]);
  world.sandbox.world.sendPrivate(world.person(), phone, "through");
  await waitFor(() => store.updates.pending(9).some(({ content }) => content?.text === "through"));
});

test("user and password are given; wrong ones are a matter of configuration, not of the network", async () => {
  const server = await socksServer({ ann: "p@ss" });
  const good = await member(parseProxy(`socks5://ann:p%40ss@127.0.0.1:${server.port}`));
  good.connection.start();
  await good.reached("ready");
  const bad = await member(parseProxy(`socks5://ann:wrong@127.0.0.1:${server.port}`));
  bad.connection.start();
  await bad.reached("dead");
  expect(bad.connection.status().fault).toMatchObject({ class: "CONFIG", code: "proxy-auth" });
  expect(JSON.stringify(bad.connection.status())).not.toContain("wrong");
});

test("a proxy that cannot go on, or is away, is waited for, and nothing goes around it", async () => {
  const server = await socksServer();
  server.refuse = 5;
  const { connection, reached, phone } = await member(parseProxy(`socks5://127.0.0.1:${server.port}`));
  connection.start();
  await waitFor(() => connection.status().attempt >= 2);
  expect(connection.status().fault).toMatchObject({ class: "NETWORK", code: "proxy-refused" });
  expect(world.open(phone)).toBe(0);
  server.refuse = 0;
  await reached("ready");
});

const SECRET = "00112233445566778899aabbccddeeff";

async function mtProxy(): Promise<MtProxy> {
  const { host, dcPort } = world.sandbox.mtproto;
  const proxy = await startMtProxy({ secret: SECRET, address: (dc) => (dc === 2 ? { host, port: dcPort(dc) } : null) });
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
    await waitFor(() => store.updates.pending(9).some(({ content }) => content?.text === "through".repeat(500)));
    await connection.check();
  },
);

test("a wrong secret, and a proxy that is away, are waited for; nothing goes around them, and the key stays", async () => {
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
  expect(gone.connection.status().fault).toMatchObject({ class: "NETWORK", code: "ECONNREFUSED" });
  for (const { phone, store } of [one, gone]) {
    expect(world.open(phone)).toBe(0);
    expect(store.hasKey).toBe(true);
  }
});

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
