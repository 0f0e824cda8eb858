import { isIP } from "node:net";
import type { SocksRoute } from "@flotilla/domain";
import { AppError } from "@flotilla/kernel";
import type { Endpoint } from "./server.ts";

/** Bytes of a connection that was just opened. */
export interface ProxyWire {
  write(data: Buffer): void;
  readExactly(size: number): Promise<Buffer>;
}

/**
 * Asks a proxy to go on to `target`; then the wire is the target's. AppError `proxy-refused` (the proxy cannot reach it),
 * `proxy-auth` (user or password), `proxy-unfit` (not a proxy of this kind, or it cannot do IPv6).
 */
export async function throughProxy(wire: ProxyWire, proxy: SocksRoute, target: Endpoint): Promise<void> {
  if (proxy.kind === "socks4") await socks4(wire, proxy, target);
  else await socks5(wire, proxy, target);
}

/** https://www.rfc-editor.org/rfc/rfc1928 and rfc1929 */
async function socks5(wire: ProxyWire, { username, password }: SocksRoute, target: Endpoint): Promise<void> {
  const methods = username === null ? [0] : [0, 2];
  wire.write(Buffer.from([5, methods.length, ...methods]));
  const [version, method] = await wire.readExactly(2);
  if (version !== 5) throw unfit("It did not answer as a SOCKS5 proxy.");
  if (method === 2 && username !== null) {
    wire.write(Buffer.concat([Buffer.from([1]), counted(username), counted(password ?? "")]));
    const [, status] = await wire.readExactly(2);
    if (status !== 0) throw new AppError("proxy-auth", "The proxy does not accept this user and password.");
  } else if (method !== 0) throw new AppError("proxy-auth", "The proxy asks for a user and a password.");
  wire.write(Buffer.concat([Buffer.from([5, 1, 0]), address(target.host), portOf(target)]));
  const [, reply, , kind] = await wire.readExactly(4);
  if (reply !== 0) throw refused(reply);
  const length = kind === 1 ? 4 : kind === 4 ? 16 : ((await wire.readExactly(1))[0] ?? 0);
  await wire.readExactly(length + 2);
}

/** https://www.openssh.com/txt/socks4.protocol, with the 4a form for host names. */
async function socks4(wire: ProxyWire, { username }: SocksRoute, target: Endpoint): Promise<void> {
  const family = isIP(target.host);
  if (family === 6) throw unfit("SOCKS4 cannot reach an IPv6 address.");
  const ip = Buffer.from(family === 4 ? target.host.split(".").map(Number) : [0, 0, 0, 1]);
  const name = family === 4 ? "" : `${target.host}\0`;
  wire.write(Buffer.concat([Buffer.from([4, 1]), portOf(target), ip, Buffer.from(`${username ?? ""}\0${name}`)]));
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
  return Buffer.from([...before, ...middle, ...after].map((group) => group.padStart(4, "0")).join(""), "hex");
}

function portOf({ port }: Endpoint): Buffer {
  return Buffer.from([port >> 8, port & 255]);
}

function counted(text: string): Buffer {
  const bytes = Buffer.from(text).subarray(0, 255);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

function refused(reply: number | undefined): AppError {
  return new AppError("proxy-refused", `The proxy cannot reach Telegram (answer ${reply ?? "?"}).`, {
    details: { reply: reply ?? -1 },
  });
}

function unfit(why: string): AppError {
  return new AppError("proxy-unfit", why);
}
