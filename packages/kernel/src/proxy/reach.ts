import { BlockList, isIP } from "node:net";
import { networkInterfaces } from "node:os";
import type { Endpoint } from "./through.ts";

/**
 * IPv4 and IPv6 addresses of Telegram's data centres (https://core.telegram.org/api/datacenter,
 * `help.getConfig`).
 */
const HOMES: Readonly<Record<number, { readonly v4: string; readonly v6: string }>> = {
  1: { v4: "149.154.175.53", v6: "2001:b28:f23d:f001::a" },
  2: { v4: "149.154.167.51", v6: "2001:67c:4e8:f002::a" },
  3: { v4: "149.154.175.100", v6: "2001:b28:f23d:f003::a" },
  4: { v4: "149.154.167.91", v6: "2001:67c:4e8:f004::a" },
  5: { v4: "91.108.56.130", v6: "2001:b28:f23f:f005::a" },
};

/**
 * The IPv4 address of a data centre that can be an account's home; null = no data centre has this
 * number.
 */
export function homeAddressOf(dc: number): string | null {
  return HOMES[dc]?.v4 ?? null;
}

/**
 * Telegram's address ranges (https://core.telegram.org/resources/cidr.txt); a custom server has one
 * configured address.
 */
const TELEGRAM = new BlockList();
for (const [net, bits] of [
  ["149.154.160.0", 20],
  ["91.108.0.0", 16],
  ["91.105.192.0", 23],
  ["95.161.64.0", 20],
] as const)
  TELEGRAM.addSubnet(net, bits, "ipv4");
for (const [net, bits] of [
  ["2001:67c:4e8::", 48],
  ["2001:b28:f23c::", 46],
  ["2a0a:f280::", 32],
] as const)
  TELEGRAM.addSubnet(net, bits, "ipv6");

/** Address families of this host, loopback aside. */
interface Families {
  readonly v4: boolean;
  readonly v6: boolean;
}

/** Reads the current interfaces; ignores link-local addresses, which reach no remote host. */
function familiesOfHost(): Families {
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  const usable = addresses.filter(
    ({ internal, address }) => !internal && !/^(fe80:|169\.254\.)/i.test(address),
  );
  return {
    v4: usable.some(({ family }) => family === "IPv4"),
    v6: usable.some(({ family }) => family === "IPv6"),
  };
}

/**
 * The address of the same data centre that this host can dial: IPv6 on a host with IPv6 only, IPv4
 * on a host with IPv4 only (field fault C9). `localAddress` decides when it is set. Call it only
 * for direct connections: a proxy chooses its own family.
 */
export function reachable(
  endpoint: Endpoint,
  dc: number,
  localAddress?: string,
  families = familiesOfHost(),
): Endpoint {
  const family = isIP(endpoint.host);
  const home = HOMES[Math.abs(dc) % 10_000];
  if (family === 0 || !home || !TELEGRAM.check(endpoint.host, family === 6 ? "ipv6" : "ipv4"))
    return endpoint;
  const own = isIP(localAddress ?? "");
  const { v4, v6 } = own === 0 ? families : { v4: own === 4, v6: own === 6 };
  if (family === 4 && !v4 && v6) return { host: home.v6, port: endpoint.port };
  if (family === 6 && !v6 && v4) return { host: home.v4, port: endpoint.port };
  return endpoint;
}
