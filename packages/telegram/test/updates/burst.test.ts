import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import type { Update } from "../../src/updates/model.ts";
import { ACCOUNT } from "../../src/wire/box.ts";
import { Rig } from "./engine-kit.ts";

/**
 * Processor time in milliseconds: a slice of the engine, and a part that is decoded and committed
 * at once.
 */
const LONGEST_TURN_MS = 150;

/**
 * Runs `work` and returns the average time between turns of the event loop, in milliseconds of
 * processor time.
 */
async function turnMs(work: () => Promise<void>): Promise<number> {
  let [turns, over] = [1, false];
  const count = (): void => {
    turns += 1;
    if (!over) setImmediate(count);
  };
  setImmediate(count);
  const before = process.cpuUsage();
  await work();
  over = true;
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / turns;
}

/** Resolves when the inbox has this many messages; polls rarely. */
async function has(rig: Rig, messages: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  rig.onArrived = () => {
    if (rig.engine.counts().received >= messages) resolve();
  };
  rig.onArrived();
  await promise;
  expect(rig.engine.counts()).toMatchObject({ received: messages, lost: 0 });
}

function ordered(rig: Rig, box: string, messages: number): void {
  const ids = rig.inbox().filter((each) => each.startsWith(`${box}/`));
  expect(ids).toEqual(Array.from({ length: messages }, (_, n) => `${box}/${n + 1}`));
}

test("a burst of 3,000 updates lets the event loop turn, and stays in order", async () => {
  const rig = await Rig.create();
  for (const channel of ["5", "6"]) rig.server.join(channel);
  await rig.start();
  const ms = await turnMs(async () => {
    for (let n = 0; n < 3000; n++) rig.push(rig.server.post([ACCOUNT, "5", "6"][n % 3] ?? ""));
    await has(rig, 3000);
  });
  expect(ms).toBeLessThan(LONGEST_TURN_MS);
  for (const box of [ACCOUNT, "5", "6"]) ordered(rig, box, 1000);
  expect(rig.store.updates.account()?.pts).toBe(rig.server.pts(ACCOUNT));
});

test("10,000 updates in one container let the event loop turn", async () => {
  const rig = await Rig.create();
  rig.server.join("5");
  await rig.start();
  const updates = Array.from(
    { length: 10_000 },
    (_, n): Update => rig.server.post(n % 2 ? "5" : ACCOUNT),
  );
  const ms = await turnMs(async () => {
    rig.push(...updates);
    await has(rig, 10_000);
  });
  expect(ms).toBeLessThan(LONGEST_TURN_MS);
  for (const box of [ACCOUNT, "5"]) ordered(rig, box, 5000);
  expect(rig.store.updates.channels()).toMatchObject([{ id: "5", pts: rig.server.pts("5") }]);
});

test("a difference of 20,000 entries of the account and one of a channel let the event loop turn", async () => {
  const rig = await Rig.create();
  rig.server.limits.slice = 20_000;
  rig.server.join("5");
  await rig.start();
  await rig.stop();
  for (let n = 0; n < 40_000; n++) rig.server.post(n % 2 ? "5" : ACCOUNT);
  const ms = await turnMs(async () => {
    expect(await rig.start()).toMatchObject({ recovered: 40_000, lost: 0 });
  });
  expect(ms).toBeLessThan(LONGEST_TURN_MS);
  for (const box of [ACCOUNT, "5"]) ordered(rig, box, 20_000);
});

test(
  "a crash in the middle of a large difference: the rest comes with the next life, nothing " +
    "twice",
  async () => {
    const rig = await Rig.create();
    rig.server.limits.slice = 20_000;
    rig.server.join("5");
    await rig.start();
    await rig.stop();
    for (let n = 0; n < 2000; n++) rig.server.post(n % 2 ? "5" : ACCOUNT);
    let commits = 0;
    rig.onArrived = () => {
      // The disk is full after a few parts.
      if (++commits === 3) rig.brokenCommits = 1;
    };
    await expect(rig.start()).rejects.toMatchObject({ code: "sqlite-full" });
    expect(rig.inbox().length).toBeLessThan(2000);
    await rig.crash();
    await rig.start();
    for (const box of [ACCOUNT, "5"]) ordered(rig, box, 1000);
  },
);

test("a burst of edits, and one that comes while it catches up", async () => {
  const rig = await Rig.create();
  rig.server.join("5");
  await rig.start();
  rig.push(rig.server.post("5"));
  await rig.complete();
  await rig.stop();
  for (let n = 0; n < 1000; n++) rig.server.post("5");
  rig.begin();
  const ms = await turnMs(async () => {
    for (let n = 0; n < 1000; n++) rig.push(rig.server.edit("5"), rig.server.post(ACCOUNT));
    await has(rig, 2001);
  });
  expect(ms).toBeLessThan(LONGEST_TURN_MS);
  await rig.complete();
  await waitFor(() => rig.inbox("edit").length === 1000, { what: "every edit", intervalMs: 50 });
});

test("a stop in the middle of a burst ends at once; what was not taken comes later", async () => {
  const rig = await Rig.create();
  await rig.start();
  for (let n = 0; n < 5000; n++) rig.push(rig.server.post(ACCOUNT));
  await new Promise(setImmediate);
  await rig.stop();
  expect(rig.inbox().length).toBeLessThan(5000);
  await rig.start();
  ordered(rig, ACCOUNT, 5000);
});
