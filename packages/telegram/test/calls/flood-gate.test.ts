import { randomBytes } from "node:crypto";
import { SEND_RATE } from "@flotilla/contracts";
import { AppError } from "@flotilla/kernel";
import { openSession, type SessionStore } from "@flotilla/session-store";
import { FloodGate } from "@flotilla/telegram";
import { testDir } from "@flotilla/testkit";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { ChatPace, halvedUntil, TokenBucket } from "../../src/link/budget.ts";

const HOUR = 3_600_000;
const SEND = "messages.sendMessage";

async function rig(): Promise<{
  store: () => SessionStore;
  reopen: () => FloodGate;
  gate: FloodGate;
  clock: { now: number };
}> {
  const dir = await testDir();
  const fleetKey = randomBytes(32);
  const clock = { now: 1_000_000 };
  const upTime = { boot: "this one", ms: () => clock.now };
  let store = openSession({ dir, name: "w", fleetKey, upTime });
  onTestFinished(() => store.close());
  const make = (): FloodGate =>
    new FloodGate({
      table: store.flood,
      clock: { now: () => clock.now, monotonicMs: () => clock.now },
    });
  const reopen = (): FloodGate => {
    store.close();
    store = openSession({ dir, name: "w", fleetKey, upTime });
    return make();
  };
  return { store: () => store, reopen, gate: make(), clock };
}

/** A server's answer in the form of the hooks. */
function answer(code: number, text: string): Error {
  const raw = Object.getOwnPropertySymbols(sample)[0] as symbol;
  return Object.assign(new Error(text), { [raw]: { code, text, method: "" } });
}
const sample = await (async () => {
  const errors = (await import("telegram/errors/index.js")).default as unknown as {
    RPCMessageToError(error: { errorCode: number; errorMessage: string }): Error;
  };
  await import("../../src/wire/vendor.ts");
  return errors.RPCMessageToError({ errorCode: 400, errorMessage: "X" });
})();

function codeOf(work: () => void): string {
  try {
    work();
    return "free";
  } catch (error) {
    return error instanceof AppError
      ? `${error.code} ${error.details["waitS"] ?? error.details["reason"]}`
      : "?";
  }
}

test(
  "a wait is kept in full plus a second, for its method alone, and a restart does not " +
    "shorten it",
  async () => {
    const { gate, clock, reopen } = await rig();
    gate.heard(answer(420, "FLOOD_WAIT_300"), SEND, "7");
    expect(codeOf(() => gate.check(SEND, "8"))).toBe("flood-wait 301");
    expect(codeOf(() => gate.check("updates.getDifference", ""))).toBe("free");
    clock.now += 100_000;
    const again = reopen();
    expect(codeOf(() => again.check(SEND, ""))).toBe("flood-wait 201");
    expect(again.status().waits).toEqual([{ method: SEND, peer: "", until: 1_000_000 + 301_000 }]);
    clock.now += 201_000;
    expect(codeOf(() => again.check(SEND, ""))).toBe("free");
    expect(again.status().waits).toEqual([]);
  },
);

test("a slow mode is the chat's alone, and a shorter wait never replaces a longer one", async () => {
  const { gate } = await rig();
  gate.heard(answer(420, "SLOWMODE_WAIT_60"), SEND, "-1005");
  gate.heard(answer(420, "SLOWMODE_WAIT_5"), SEND, "-1005");
  expect(codeOf(() => gate.check(SEND, "-1005"))).toBe("flood-wait 61");
  expect(codeOf(() => gate.check(SEND, "-1006"))).toBe("free");
});

test("its own refusals teach it nothing", async () => {
  const { gate } = await rig();
  gate.heard(answer(420, "FLOOD_WAIT_10"), SEND, "");
  for (let n = 0; n < 5; n++) {
    try {
      gate.check(SEND, "");
    } catch (error) {
      gate.heard(error, SEND, "");
    }
  }
  expect(gate.status()).toMatchObject({ perMinute: SEND_RATE.perMinute, halvedUntil: null });
});

test("three waits in an hour halve the rate for a day, over a restart too", async () => {
  const { gate, clock, reopen } = await rig();
  for (let n = 0; n < 3; n++) {
    clock.now += 20 * 60_000;
    gate.heard(answer(420, "FLOOD_WAIT_1"), SEND, "");
  }
  const until = clock.now + 24 * HOUR;
  expect(reopen().status()).toMatchObject({
    perMinute: SEND_RATE.perMinute / 2,
    halvedUntil: until,
  });
  clock.now = until + 1;
  expect(reopen().status()).toMatchObject({ perMinute: SEND_RATE.perMinute, halvedUntil: null });
});

test.each(["PEER_FLOOD", "FROZEN_METHOD_INVALID"])(
  "%s is no wait: sending stops until an admin resumes",
  async (text) => {
    const { gate, clock, reopen } = await rig();
    gate.heard(answer(text === "PEER_FLOOD" ? 400 : 420, text), SEND, "7");
    expect(gate.status().waits).toEqual([]);
    clock.now += 1000 * HOUR;
    const again = reopen();
    expect(codeOf(() => again.checkSending())).toBe(`sending-stopped ${text}`);
    again.resume();
    expect(codeOf(() => again.checkSending())).toBe("free");
  },
);

test("the rate is halved exactly when three of the notes lie within an hour", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 40 * HOUR })), (times) => {
      const notes = times.toSorted((a, b) => a - b);
      const expected = notes.filter((at, i) => i >= 2 && at - (notes[i - 2] ?? 0) <= HOUR).at(-1);
      expect(halvedUntil(notes)).toBe(expected === undefined ? 0 : expected + 24 * HOUR);
    }),
  );
});

test("a caller that waits as told never exceeds the rate, in total or per chat", () => {
  const arrivals = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 5000 }), fc.constantFrom("a", "b")),
    { maxLength: 80 },
  );
  fc.assert(
    fc.property(arrivals, (wishes) => {
      const bucket = new TokenBucket(0);
      const pace = new ChatPace();
      const sent: [number, string][] = [];
      let now = 0;
      for (const [pause, chat] of wishes) {
        now += pause;
        for (let wait = 1; wait > 0; ) {
          wait = Math.max(
            bucket.waitMs(now, SEND_RATE.perMinute, SEND_RATE.burst),
            pace.waitMs(chat, now, SEND_RATE),
          );
          now += wait;
        }
        bucket.take();
        pace.took(chat, now);
        sent.push([now, chat]);
      }
      for (const [at, chat] of sent) {
        const inMinute = sent.filter(([other]) => other > at - 60_000 && other <= at);
        expect(inMinute.length).toBeLessThanOrEqual(SEND_RATE.perMinute + SEND_RATE.burst);
        const before = sent.filter(([other, to]) => to === chat && other < at).at(-1);
        if (before) expect(at - before[0]).toBeGreaterThanOrEqual(SEND_RATE.perChatMs);
      }
    }),
  );
});

test("a chat that got its share of a minute waits for the next, others do not", () => {
  const pace = new ChatPace();
  for (let n = 0; n < 20; n++) pace.took("a", n * 1000);
  expect(pace.waitMs("a", 30_000, SEND_RATE)).toBe(30_000);
  expect(pace.waitMs("b", 30_000, SEND_RATE)).toBe(0);
});
