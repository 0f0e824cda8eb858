/** Hosts with one family of addresses alone (field fault C9). */
import { reachable } from "@flotilla/kernel";
import { expect, test } from "vitest";

const ONLY_V6 = { v4: false, v6: true };
const ONLY_V4 = { v4: true, v6: false };
const BOTH = { v4: true, v6: true };

test.each([
  ["149.154.167.51", 2, undefined, ONLY_V6, "2001:67c:4e8:f002::a"],
  ["149.154.175.53", 1, undefined, ONLY_V6, "2001:b28:f23d:f001::a"],
  ["91.108.56.130", 5, undefined, ONLY_V6, "2001:b28:f23f:f005::a"],
  ["149.154.167.222", -2, undefined, ONLY_V6, "2001:67c:4e8:f002::a"],
  ["2001:67c:4e8:f004::a", 4, undefined, ONLY_V4, "149.154.167.91"],
  ["149.154.167.51", 2, "2001:db8::7", BOTH, "2001:67c:4e8:f002::a"],
  ["2001:67c:4e8:f002::a", 2, "203.0.113.7", BOTH, "149.154.167.51"],
] as const)(
  "%s of data centre %i, own address %s, families %j: %s is dialled",
  (host, dc, own, families, dialled) => {
    expect(reachable({ host, port: 443 }, dc, own, families)).toEqual({ host: dialled, port: 443 });
  },
);

test.each([
  ["149.154.167.51", 2, undefined, BOTH],
  ["149.154.167.51", 2, undefined, ONLY_V4],
  ["2001:67c:4e8:f002::a", 2, undefined, ONLY_V6],
  ["149.154.167.51", 2, undefined, { v4: false, v6: false }],
  ["127.0.0.1", 2, undefined, ONLY_V6],
  ["dc.example", 2, undefined, ONLY_V6],
  ["149.154.167.51", 99, undefined, ONLY_V6],
] as const)(
  "%s of data centre %i, own address %s, families %j stays as it is",
  (host, dc, own, families) => {
    expect(reachable({ host, port: 443 }, dc, own, families)).toEqual({ host, port: 443 });
  },
);
