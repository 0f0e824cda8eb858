import { randomBytes } from "node:crypto";
import { openSession, type SessionStore } from "@flotilla/session-store";
import { testDir } from "@flotilla/testkit";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";

const DAY = 86_400_000;
const SEND = { method: "messages.sendMessage", peer: "" };

/** A session on a machine whose clock and whose time since its start are moved by hand. */
async function machine() {
  const dir = await testDir();
  const fleetKey = randomBytes(32);
  const at = { now: 1_800_000_000_000, up: 50_000, boot: "first" };
  const clock = { now: () => at.now, monotonicMs: () => at.up };
  const open = (): SessionStore => {
    const upTime = { boot: at.boot, ms: () => at.up };
    return openSession({ dir, name: "w", fleetKey, clock, upTime });
  };
  let store = open();
  onTestFinished(() => store.close());
  const pass = (ms: number): void => {
    at.now += ms;
    at.up += ms;
  };
  const restart = (more: Partial<typeof at> = {}): void => {
    store.close();
    Object.assign(at, more);
    store = open();
  };
  return {
    at,
    pass,
    restart,
    left: () => store.flood.leftMs(SEND.method, "7", at.now),
    flood: () => store.flood,
  };
}

test.each([
  ["a day ahead", DAY],
  ["a day back", -DAY],
  ["a year ahead", 365 * DAY],
  ["to 1970", -1_800_000_000_000],
])("a clock that jumps %s neither ends nor prolongs a wait", async (_, jump) => {
  const { at, pass, restart, left, flood } = await machine();
  flood().add(SEND, 301_000, at.now);
  at.now += jump;
  pass(1000);
  expect(left()).toBe(300_000);
  // Another wait is noted under the wrong clock: it must not sweep the first away.
  flood().add({ method: "messages.getHistory", peer: "" }, 5000, at.now);
  restart();
  at.now -= jump;
  pass(5000);
  expect(left()).toBe(295_000);
  expect(flood().waits(at.now)).toEqual([{ ...SEND, until: at.now + 295_000 }]);
  pass(295_000);
  expect([left(), flood().waits(at.now)]).toEqual([0, []]);
});

test("a wait of five seconds that was asked for under a clock a day ahead lasts five seconds", async () => {
  const { at, pass, left, flood } = await machine();
  at.now += DAY;
  flood().add(SEND, 6000, at.now);
  at.now -= DAY;
  expect(left()).toBe(6000);
  pass(6000);
  expect(left()).toBe(0);
});

test("after a restart of the machine the clock decides, and never for more than the whole wait", async () => {
  const { at, restart, left, flood } = await machine();
  flood().add(SEND, 100_000, at.now);
  restart({ boot: "second", up: 1000, now: at.now + 40_000 });
  expect(left()).toBe(60_000);
  restart({ boot: "third", up: 1000, now: at.now - DAY });
  expect(left()).toBe(100_000);
});

test(
  "a time since the start that begins again within one boot of the machine: the clock " +
    "decides, never for more than the whole wait",
  async () => {
    const { at, restart, left, flood } = await machine();
    at.up = 5_000_000;
    flood().add(SEND, 100_000, at.now);
    restart({ up: 1000, now: at.now + 40_000 });
    expect(left()).toBe(60_000);
    restart({ now: at.now - DAY });
    expect(left()).toBe(100_000);
  },
);

test("whatever the clock does, what is left is the wait less the time that passed", async () => {
  const { at, left, flood, pass } = await machine();
  const steps = fc.array(
    fc.record({ passed: fc.nat(20_000), jump: fc.integer({ min: -400 * DAY, max: 400 * DAY }) }),
    {
      maxLength: 8,
    },
  );
  let round = 0;
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60_000 }), steps, (waitMs, path) => {
      pass(600_000);
      const begun = at.up;
      flood().add(SEND, waitMs, at.now);
      for (const { passed, jump } of path) {
        at.now += jump;
        pass(passed);
        flood().add({ method: `other.${round++ % 3}`, peer: "" }, 1, at.now);
        expect(left()).toBe(Math.max(0, waitMs - (at.up - begun)));
      }
      at.now = 1_800_000_000_000 + at.up;
    }),
    { numRuns: 30 },
  );
});
