import { waitFor } from "@flotilla/testkit";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ACCOUNT } from "../../src/wire/box.ts";
import { Rig } from "./engine-kit.ts";

const differences = (rig: Rig): number =>
  rig.server.calls.filter((call) => call.startsWith("difference")).length;

test("a new account starts where it stands: what was said before is not fetched", async () => {
  const rig = await Rig.create();
  rig.server.join("5");
  rig.server.post("5");
  rig.server.post(ACCOUNT);
  expect(await rig.start()).toMatchObject({
    first: true,
    beganAt: null,
    missed: 0,
    recovered: 0,
    lost: 0,
  });
  expect(rig.inbox()).toEqual([]);
  rig.push(rig.server.post("5"));
  rig.push(rig.server.post(ACCOUNT));
  expect(rig.inbox()).toEqual([]);
  await waitFor(() => rig.inbox().length === 2);
  expect(rig.inbox()).toEqual(["5/2", "account/2"]);
  expect(rig.store.updates.outages(9)).toEqual([]);
});

test("in order, and the same twice", async () => {
  const rig = await Rig.create();
  await rig.start();
  const before = differences(rig);
  const first = rig.server.post(ACCOUNT);
  rig.push(first);
  rig.push(first);
  rig.push(rig.server.post(ACCOUNT), rig.server.edit(ACCOUNT));
  await rig.complete();
  expect(rig.inbox("edit")).toEqual(["account/2"]);
  expect(differences(rig)).toBe(before);
});

test("two that changed places within half a second need no question", async () => {
  const rig = await Rig.create({ gapMs: 60_000 });
  await rig.start();
  const before = differences(rig);
  const [first, second, third] = [
    rig.server.post(ACCOUNT),
    rig.server.read(ACCOUNT),
    rig.server.post(ACCOUNT),
  ];
  rig.push(third);
  rig.push(second);
  expect(rig.inbox()).toEqual([]);
  rig.push(first);
  await rig.complete();
  expect(rig.inbox()).toEqual(["account/1", "account/2"]);
  expect(differences(rig)).toBe(before);
});

test("updates of one envelope are put in order, and one that moves nothing may come first", async () => {
  const rig = await Rig.create({ gapMs: 60_000 });
  rig.server.join("5");
  await rig.start();
  const [first, second] = [rig.server.post("5"), rig.server.post("5")];
  rig.push({ ...first, pts: second.pts, count: 0, events: [] }, second, first);
  await rig.complete();
});

test("a gap of the account is fetched in parts", async () => {
  const rig = await Rig.create();
  await rig.start();
  for (let n = 0; n < 7; n++) rig.server.post(ACCOUNT);
  rig.push(rig.server.post(ACCOUNT));
  await rig.complete();
  expect(rig.inbox()).toHaveLength(8);
  expect(rig.engine.counts()).toMatchObject({ received: 8, recovered: 8, lost: 0 });
});

test("a gap of a channel is fetched in parts, and only of that channel", async () => {
  const rig = await Rig.create();
  rig.server.join("5");
  await rig.start();
  const before = differences(rig);
  for (let n = 0; n < 7; n++) rig.server.post("5");
  rig.push(rig.server.post("5"));
  await rig.complete();
  expect(differences(rig)).toBe(before);
});

test("messages of an outage are fetched, and the log reports them", async () => {
  const rig = await Rig.create();
  rig.server.join("5");
  await rig.start();
  await rig.stop();
  for (let n = 0; n < 20; n++) rig.server.post(ACCOUNT);
  for (let n = 0; n < 17; n++) rig.server.post("5");
  await rig.crash();
  expect(await rig.start()).toMatchObject({ first: false, missed: 37, recovered: 37, lost: 0 });
  expect(rig.inbox().sort()).toEqual(rig.server.everything());
  expect(rig.store.updates.outages(1)).toMatchObject([{ recovered: 37, lost: 0 }]);
});

test.each<[string, (rig: Rig) => void]>([
  ["updatesTooLong", (rig) => rig.engine.feed({ kind: "too-long" })],
  ["a new session or something unreadable", (rig) => rig.engine.doubt()],
  ["a short message from a stranger", (rig) => rig.push({ kind: "incomplete" })],
  [
    "a channel that says it is too long",
    (rig) => rig.push({ kind: "channel-too-long", channel: "5" }),
  ],
  ["a gap in the secret chats", (rig) => rig.push({ kind: "qts", qts: 9 })],
])("%s makes it ask", async (_what, poke) => {
  const rig = await Rig.create();
  rig.server.join("5");
  await rig.start();
  rig.server.post(ACCOUNT);
  rig.server.post("5");
  poke(rig);
  await (_what.startsWith("a channel")
    ? waitFor(() => rig.inbox().join() === "5/1")
    : rig.complete());
});

test("qts that follow are counted and need no question", async () => {
  const rig = await Rig.create();
  await rig.start();
  const before = differences(rig);
  rig.push({ kind: "qts", qts: 2 }, { kind: "qts", qts: 3 });
  await waitFor(() => rig.store.updates.account()?.qts === 3);
  expect(differences(rig)).toBe(before);
});

test("numbered envelopes: one that is missing makes it ask, one that came before is passed over", async () => {
  const rig = await Rig.create();
  await rig.start();
  const first = rig.server.envelope([rig.server.post(ACCOUNT)], true);
  rig.engine.feed(first);
  await rig.complete();
  const before = differences(rig);
  rig.engine.feed(first);
  rig.server.envelope([rig.server.post(ACCOUNT)], true);
  rig.engine.feed(rig.server.envelope([rig.server.post(ACCOUNT)], true));
  await rig.complete();
  await waitFor(() => differences(rig) > before);
  expect(rig.store.updates.account()?.seq).toBe(rig.server.seq);
});

test("fifteen minutes without a word make it ask", async () => {
  const rig = await Rig.create({ idleMs: 10 });
  await rig.start();
  rig.server.post(ACCOUNT);
  await rig.complete();
});

test(
  "field fault D6: how long an outage was is never more than it was, whatever this host's " +
    "clock says",
  async () => {
    const step = fc.record({
      heardS: fc.integer({ min: 0, max: 900 }),
      awayS: fc.integer({ min: 0, max: 900 }),
      jumpMs: fc.constantFrom(0, -3_600_000, 86_400_000, 365 * 86_400_000, -365 * 86_400_000),
      how: fc.constantFrom("lost", "crashed"),
      missed: fc.integer({ min: 0, max: 2 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 4 }), async (steps) => {
        const rig = await Rig.create();
        await rig.start();
        const pass = (seconds: number): void => {
          rig.passedMs += seconds * 1000;
          rig.server.date += seconds;
        };
        for (const { heardS, awayS, jumpMs, how, missed } of steps) {
          rig.push(rig.server.post(ACCOUNT));
          await rig.complete();
          // The model's time passes with each message, too.
          const heardAt = rig.server.date;
          pass(heardS);
          const before = performance.now();
          if (how === "lost") await rig.stop();
          else await rig.crash();
          for (let n = 0; n < missed; n++) rig.server.post(ACCOUNT);
          pass(awayS);
          rig.jumpedMs += jumpMs;
          const { beganAt, endedAt, offlineMs } = await rig.start();
          const tookMs = performance.now() - before;
          expect(endedAt - (beganAt ?? 0)).toBeLessThanOrEqual((rig.server.date - heardAt) * 1000);
          expect(endedAt - (beganAt ?? 0)).toBeGreaterThanOrEqual(0);
          if (how === "crashed") expect(offlineMs).toBeNull();
          else {
            expect(offlineMs).toBeLessThanOrEqual(awayS * 1000 + tookMs);
            expect(offlineMs).toBeGreaterThanOrEqual(awayS * 1000);
          }
        }
        await rig.dispose();
      }),
      { numRuns: 25 },
    );
  },
);
