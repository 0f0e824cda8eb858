import { randomBytes } from "node:crypto";
import { fenceKey, fleetRecordKey, KEYS_OF_0_1, leaseRunKey } from "@flotilla/contracts";
import { fleetKeyId } from "@flotilla/kernel";
import {
  type ClaimOptions,
  claimFleet,
  type Fleet,
  findFleet,
  fleetPlace,
  keepFleetThere,
  parseFleet,
} from "@flotilla/queue";
import { redisCommand, sharedRedis } from "@flotilla/testkit";
import { describe, expect, test } from "vitest";

const KEY = Buffer.alloc(32, 7);
const OTHER = Buffer.alloc(32, 8);
const [MINE, THEIRS] = [fleetKeyId(KEY), fleetKeyId(OTHER)];

const claim = (url: string, more: Partial<ClaimOptions> = {}): Promise<Fleet> =>
  claimFleet({ redis: url, fleetKey: KEY, known: null, from01: false, rekeyedFrom: [], ...more });
const placeOf = (url: string, fleet: Fleet) => fleetPlace({ redis: url, fleet, fleetKey: KEY });
const find = (url: string, known: Fleet | null = null, fleetKey = KEY): Promise<Fleet> =>
  findFleet({ redis: url, fleetKey, known, waitMs: 0 });

describe("a fleet in Redis", () => {
  test(
    "is made once: every process that has the key finds the same one, and a second bot of it " +
      "as well",
    async () => {
      const { url } = await sharedRedis();
      const made = await claim(url);
      expect(made).toEqual({
        id: expect.stringMatching(/^[0-9a-f]{16}$/),
        keyId: MINE,
        from01: false,
      });
      expect(await find(url)).toEqual(made);
      expect(await claim(url)).toEqual(made);
      expect(await claim(url, { known: made })).toEqual(made);
    },
  );

  test("is told from another fleet on the same Redis by its key, and has no key in common with it", async () => {
    const { url } = await sharedRedis();
    const [one, two] = [await claim(url), await claim(url, { fleetKey: OTHER })];
    expect(one.id).not.toBe(two.id);
    expect(await find(url)).toEqual(one);
    expect(await find(url, null, OTHER)).toEqual(two);
    expect(placeOf(url, one).prefix).toMatch(/^\{flotilla\.[0-9a-f]{16}\}$/);
  });

  test("is waited for while its bot starts for the first time", async () => {
    const { url } = await sharedRedis();
    const waiting = findFleet({ redis: url, fleetKey: KEY, known: null, waitMs: 60_000 });
    const made = await claim(url);
    expect(await waiting).toEqual(made);
  });

  test.each(["no JSON at all", '{"fleet":"0123456789abcdef"}', "{}", "[]"])(
    "is not read from a forged record: %s",
    async (text) => {
      const { url } = await sharedRedis();
      await redisCommand(url, "SET", fleetRecordKey(MINE), text);
      await expect(find(url)).rejects.toMatchObject({
        code: expect.stringMatching(/^(no-fleet|wrong-fleet-key)$/),
      });
      const made = await claim(url);
      expect(await find(url)).toEqual(made);
    },
  );

  test(
    "is not one whose proof was made with another key, and the bot that knows better puts its " +
      "own there",
    async () => {
      const { url } = await sharedRedis();
      const made = await claim(url);
      await claim(url, { fleetKey: OTHER });
      const stolen = String(await redisCommand(url, "GET", fleetRecordKey(THEIRS)));
      await redisCommand(url, "SET", fleetRecordKey(MINE), stolen);
      await expect(find(url)).rejects.toMatchObject({ code: "wrong-fleet-key" });
      expect(await find(url, made), "a host that knows its fleet does not follow it").toEqual(made);
      await claim(url, { known: made });
      expect(await find(url)).toEqual(made);
    },
  );

  test("is rewritten by the bot into an emptied Redis; a host that has stored it needs no Redis", async () => {
    const { url } = await sharedRedis();
    const made = await claim(url);
    await redisCommand(url, "FLUSHDB");
    expect(await find(url, made)).toEqual(made);
    await keepFleetThere(url, made, KEY);
    expect(await find(url)).toEqual(made);
    await redisCommand(url, "FLUSHDB");
    expect(await claim(url, { known: made })).toEqual(made);
    expect(await find(url)).toEqual(made);
  });

  test("is known without Redis only to a host that has stored it", async () => {
    const { url } = await sharedRedis();
    const made = await claim(url);
    expect(await find("redis://127.0.0.1:1", made)).toEqual(made);
    await expect(find("redis://127.0.0.1:1")).rejects.toMatchObject({ code: "redis-away" });
  });

  test(
    "of a data folder does not mix with another one of the same key: the second is refused, " +
      "and both are named",
    async () => {
      const { url } = await sharedRedis();
      const made = await claim(url);
      const other = { ...made, id: randomBytes(8).toString("hex") };
      const refused = claim(url, { known: other });
      await expect(refused).rejects.toMatchObject({
        code: "fleet-conflict",
        message: expect.stringContaining(made.id),
      });
      await expect(refused).rejects.toThrow(other.id);
      expect(await find(url)).toEqual(made);
    },
  );

  test("is kept as it is read: what is none is none", () => {
    const fleet = { id: "0123456789abcdef", keyId: MINE, from01: true };
    expect(parseFleet(JSON.parse(JSON.stringify(fleet)))).toEqual(fleet);
    for (const none of [null, "x", {}, { ...fleet, id: "*" }, { ...fleet, from01: 1 }])
      expect(parseFleet(none)).toBeNull();
  });
});

describe("another FLEET_KEY", () => {
  test("is refused by name: at the bot, at a host that knows its fleet, and at one that does not", async () => {
    const { url } = await sharedRedis();
    const made = await claim(url);
    const named = { code: "wrong-fleet-key", message: expect.stringContaining(MINE) };
    await expect(claim(url, { fleetKey: OTHER, known: made })).rejects.toMatchObject(named);
    await expect(find(url, made, OTHER)).rejects.toMatchObject(named);
    await expect(find(url, null, OTHER)).rejects.toMatchObject(named);
    await expect(find(url, null, OTHER)).rejects.toThrow(THEIRS);
  });

  test("after a rekey keeps the fleet: the record goes with it, and the old key is refused", async () => {
    const { url } = await sharedRedis();
    const made = await claim(url);
    const after = await claim(url, { fleetKey: OTHER, known: made, rekeyedFrom: ["00", MINE] });
    expect(after).toEqual({ ...made, keyId: THEIRS });
    expect(await find(url, made, OTHER), "a host that has kept it under the old key").toEqual(
      after,
    );
    await expect(find(url, made)).rejects.toMatchObject({ code: "wrong-fleet-key" });
    await expect(find(url)).rejects.toMatchObject({ code: "wrong-fleet-key" });
  });
});

test(
  "the numbers of version 0.1 come along before anybody can find the fleet, the higher one " +
    "counts, and so does the run of Redis",
  async () => {
    const { url } = await sharedRedis();
    const fences = {
      "name.news_1": 7,
      "key.1e3ce5c18eb85c31": 9_007_199_254_740_001,
      "account.100001": 3,
    };
    for (const [resource, fence] of Object.entries(fences))
      await redisCommand(url, "SET", KEYS_OF_0_1.fence(resource), String(fence));
    await redisCommand(url, "SET", KEYS_OF_0_1.leaseRun, "abc");
    const made = await claim(url, { from01: true });
    const { prefix } = placeOf(url, made);
    for (const [resource, fence] of Object.entries(fences))
      expect(await redisCommand(url, "GET", fenceKey(prefix, resource))).toBe(String(fence));
    expect(await redisCommand(url, "GET", leaseRunKey(prefix))).toBe("abc");
    await redisCommand(url, "SET", fenceKey(prefix, "name.news_1"), "12");
    await claim(url, { known: made });
    expect(await redisCommand(url, "GET", fenceKey(prefix, "name.news_1"))).toBe("12");
    const fresh = placeOf(url, await claim(url, { fleetKey: OTHER }));
    expect(
      await redisCommand(url, "GET", fenceKey(fresh.prefix, "name.news_1")),
      "a fleet of now has none of them",
    ).toBeNull();
  },
);
