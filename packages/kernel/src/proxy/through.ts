import { isIP } from "node:net";
import { AppError } from "../errors.ts";
import type { TcpProxyRoute } from "./route.ts";

/** A TCP address; `host` is a name or an IP address. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** The byte stream of a proxy connection that was just opened. */
export interface ProxyWire {
  write(data: Buffer): void;
  readExactly(size: number): Promise<Buffer>;
}

/**
 * Asks the proxy to connect to `target`; afterwards the wire carries the target's bytes. Throws
 * AppError `proxy-refused` (the proxy cannot reach it), `proxy-auth` (wrong user or password),
 * `proxy-unfit` (not a proxy of this kind, or no IPv6).
 */
export async function throughProxy(
  wire: ProxyWire,
  proxy: TcpProxyRoute,
  target: Endpoint,
): Promise<void> {
  switch (proxy.kind) {
    case "socks4":
      return await socks4(wire, proxy, target);
    case "socks5":
      return await socks5(wire, proxy, target);
    case "http":
      return await http(wire, proxy, target);
    default:
      return proxy.kind satisfies never;
  }
}

/** Longest accepted head of a CONNECT answer, in bytes. */
const MOST_HEAD = 16 * 1024;

/** https://www.rfc-editor.org/rfc/rfc9110#name-connect */
async function http(
  wire: ProxyWire,
  { username, password }: TcpProxyRoute,
  { host, port }: Endpoint,
): Promise<void> {
  const place = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  const credentials = Buffer.from(`${username ?? ""}:${password ?? ""}`).toString("base64");
  const authorization = username === null ? "" : `Proxy-Authorization: Basic ${credentials}\r\n`;
  wire.write(Buffer.from(`CONNECT ${place} HTTP/1.1\r\nHost: ${place}\r\n${authorization}\r\n`));
  let head = (await wire.readExactly(12)).toString("latin1");
  const [, status] = /^HTTP\/1\.[01] (\d{3})$/.exec(head) ?? [];
  if (status === undefined) throw unfit("It did not answer as an HTTP proxy.");
  // Byte by byte: the bytes after the head belong to the target.
  while (!head.endsWith("\r\n\r\n")) {
    if (head.length > MOST_HEAD) throw unfit("It did not answer as an HTTP proxy.");
    head += (await wire.readExactly(1)).toString("latin1");
  }
  if (status === "407")
    throw new AppError("proxy-auth", "The proxy asks for another user and password.");
  if (!status.startsWith("2")) throw refused(Number(status));
}

/** https://www.rfc-editor.org/rfc/rfc1928 and rfc1929 */
async function socks5(
  wire: ProxyWire,
  { username, password }: TcpProxyRoute,
  target: Endpoint,
): Promise<void> {
  const methods = username === null ? [0] : [0, 2];
  wire.write(Buffer.from([5, methods.length, ...methods]));
  const [version, method] = await wire.readExactly(2);
  if (version !== 5) throw unfit("It did not answer as a SOCKS5 proxy.");
  if (method === 2 && username !== null) {
    wire.write(Buffer.concat([Buffer.from([1]), counted(username), counted(password ?? "")]));
    const [, status] = await wire.readExactly(2);
    if (status !== 0)
      throw new AppError("proxy-auth", "The proxy does not accept this user and password.");
  } else if (method !== 0)
    throw new AppError("proxy-auth", "The proxy asks for a user and a password.");
  wire.write(Buffer.concat([Buffer.from([5, 1, 0]), address(target.host), portOf(target)]));
  const [, reply, , kind] = await wire.readExactly(4);
  if (reply !== 0) throw refused(reply);
  await wire.readExactly((await addressLength(wire, kind)) + 2);
}

async function addressLength(wire: ProxyWire, kind: number | undefined): Promise<number> {
  if (kind === 1) return 4;
  if (kind === 4) return 16;
  return (await wire.readExactly(1))[0] ?? 0;
}

/** https://www.openssh.com/txt/socks4.protocol, with the 4a form for host names. */
async function socks4(
  wire: ProxyWire,
  { username }: TcpProxyRoute,
  target: Endpoint,
): Promise<void> {
  const family = isIP(target.host);
  if (family === 6) throw unfit("SOCKS4 cannot reach an IPv6 address.");
  const ip = Buffer.from(family === 4 ? target.host.split(".").map(Number) : [0, 0, 0, 1]);
  const name = family === 4 ? "" : `${target.host}\0`;
  wire.write(
    Buffer.concat([
      Buffer.from([4, 1]),
      portOf(target),
      ip,
      Buffer.from(`${username ?? ""}\0${name}`),
    ]),
  );
  const [version, reply] = await wire.readExactly(8);
  if (version !== 0) throw unfit("It did not answer as a SOCKS4 proxy.");
  if (reply !== 90) throw refused(reply);
}

function address(host: string): Buffer {
  const family = isIP(host);
  if (family === 4) return Buffer.from([1, ...host.split(".").map(Number)]);
  if (family === 6) return Buffer.concat([Buffer.from([4]), ipv6(host)]);
  return Buffer.concat([Buffer.from([3]), counted(host)]);
}

function ipv6(host: string): Buffer {
  const [head = "", tail] = host.split("::");
  const groups = (text: string | undefined): string[] => (text ? text.split(":") : []);
  const [before, after] = [groups(head), groups(tail)];
  const middle = Array.from({ length: 8 - before.length - after.length }, () => "0");
  return Buffer.from(
    [...before, ...middle, ...after].map((group) => group.padStart(4, "0")).join(""),
    "hex",
  );
}

function portOf({ port }: Endpoint): Buffer {
  return Buffer.from([port >> 8, port & 255]);
}

function counted(text: string): Buffer {
  const bytes = Buffer.from(text).subarray(0, 255);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

function refused(reply: number | undefined): AppError {
  return new AppError(
    "proxy-refused",
    `The proxy cannot reach Telegram (answer ${reply ?? "?"}).`,
    {
      details: { reply: reply ?? -1 },
    },
  );
}

function unfit(why: string): AppError {
  return new AppError("proxy-unfit", why);
}
