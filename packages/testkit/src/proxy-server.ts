import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/**
 * A proxy on loopback that speaks SOCKS4, SOCKS5 (RFC 1928, 1929) and HTTP CONNECT (RFC 9110) on
 * one port.
 */
export interface ProxyServer {
  readonly port: number;
  /** Requested targets, as `host:port`. */
  readonly asked: string[];
  /** Refuses every request with this SOCKS5 reply code or HTTP status; 0 refuses none. */
  refuse: number;
}

type Target = { readonly host: string; readonly port: number };
type Take = (size: number) => Promise<Buffer>;

/**
 * Starts a proxy that ends with the test. `users`: name → password; empty: no login. Port 0: any.
 */
export async function startProxy(
  users: Readonly<Record<string, string>> = {},
  port = 0,
): Promise<ProxyServer> {
  const state = { port: 0, asked: [] as string[], refuse: 0 };
  const open = new Set<Socket>();
  const server = createServer((client) => {
    open.add(client);
    client.on("error", () => {}).on("close", () => open.delete(client));
    void serve(client, users, state).catch(() => client.destroy());
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  state.port = (server.address() as AddressInfo).port;
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return state;
}

function kindOf(version: number): "socks4" | "socks5" | "http" {
  if (version === 4) return "socks4";
  return version === 5 ? "socks5" : "http";
}

async function serve(
  client: Socket,
  users: Readonly<Record<string, string>>,
  state: ProxyServer,
): Promise<void> {
  const take = reader(client);
  const [version = 0] = await take(1);
  const kind = kindOf(version);
  const target = await {
    socks4: () => socks4(take),
    socks5: () => socks5(client, take, users),
    http: () => http(client, take, users),
  }[kind]();
  state.asked.push(`${target.host}:${target.port}`);
  if (state.refuse)
    return void client.end(
      kind === "http"
        ? `HTTP/1.1 ${state.refuse} No\r\n\r\n`
        : Buffer.from([5, state.refuse, 0, 1, 0, 0, 0, 0, 0, 0]),
    );
  const upstream = connect(target);
  upstream.on("error", () => client.destroy()).on("close", () => client.destroy());
  client.on("close", () => upstream.destroy());
  await once(upstream, "connect");
  client.write(
    {
      socks4: Buffer.from([0, 90, 0, 0, 0, 0, 0, 0]),
      socks5: Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
      http: Buffer.from("HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n"),
    }[kind],
  );
  client.pipe(upstream).pipe(client);
}

async function socks4(take: Take): Promise<Target> {
  const head = await take(7);
  while ((await take(1))[0] !== 0);
  return { host: [...head.subarray(3, 7)].join("."), port: head.readUInt16BE(1) };
}

async function socks5(
  client: Socket,
  take: Take,
  users: Readonly<Record<string, string>>,
): Promise<Target> {
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
  const host = await addressOf(kind, take);
  return { host, port: (await take(2)).readUInt16BE(0) };
}

/** Address types of RFC 1928: 1 = IPv4, 4 = IPv6, else a name. */
async function addressOf(kind: number | undefined, take: Take): Promise<string> {
  if (kind === 1) return [...(await take(4))].join(".");
  if (kind === 4) return ipv6(await take(16));
  return (await take((await take(1))[0] ?? 0)).toString();
}

/** Serves HTTP CONNECT; the caller has read the first letter. */
async function http(
  client: Socket,
  take: Take,
  users: Readonly<Record<string, string>>,
): Promise<Target> {
  let head = "C";
  while (!head.endsWith("\r\n\r\n")) head += (await take(1)).toString("latin1");
  const [, host = "", port] = /^CONNECT (\S+):(\d+) HTTP\/1\.1\r\n/.exec(head) ?? [];
  const [, credentials = ""] = /^Proxy-Authorization: Basic (\S+)\r$/m.exec(head) ?? [];
  const [name = "", password] = Buffer.from(credentials, "base64").toString().split(":");
  const allowed = Object.keys(users).length === 0 || users[name] === password;
  if (host !== "" && allowed) return { host: host.replace(/^\[|\]$/g, ""), port: Number(port) };
  client.end("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
  throw new Error("refused");
}

function ipv6(bytes: Buffer): string {
  return new URL(`http://[${bytes.toString("hex").replace(/.{4}(?!$)/g, "$&:")}]`).hostname.slice(
    1,
    -1,
  );
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
