/**
 * Random schedules of a server with occasional trouble: positions, messages and the count of lost
 * ones against the truth.
 */
import { waitFor } from "@flotilla/testkit";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ACCOUNT } from "../../src/wire/box.ts";
import { Rig } from "./engine-kit.ts";
import { Refusal } from "./model-server.ts";

const box = fc.constantFrom(ACCOUNT, "5", "6");
const fate = fc.constantFrom("arrives", "arrives", "lost", "twice");
const said = fc.record({
  do: fc.constantFrom("post", "post", "unreadable", "edit", "read"),
  box,
  fate,
});
const calm = fc.record({
  do: fc.constantFrom("turn", "turns", "outage", "crash", "doubt", "bogus", "join"),
});
const illness = fc.record({
  do: fc.constantFrom("garbled", "refused", "closed", "too long"),
  box,
  times: fc.integer({ min: 1, max: 9 }),
});
const mild = fc.array(fc.oneof({ weight: 5, arbitrary: said }, { weight: 2, arbitrary: calm }), {
  maxLength: 40,
});
const severe = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: said },
    { weight: 2, arbitrary: calm },
    { weight: 2, arbitrary: illness },
  ),
  { maxLength: 40 },
);
type Step = { do: string; box?: string; fate?: string; times?: number };

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
};
const lost = (rig: Rig): number =>
  rig.trouble.reduce((sum, trouble) => sum + (trouble.kind === "lost" ? trouble.count : 0), 0);

/** No position is ever ahead of the server. */
function neverBeyond(rig: Rig): void {
  expect(rig.store.updates.account()?.pts ?? 0).toBeLessThanOrEqual(rig.server.pts(ACCOUNT));
  for (const { id, pts } of rig.store.updates.channels())
    expect(pts).toBeLessThanOrEqual(rig.server.pts(id));
}

function updateOf({ server }: Rig, what: Step["do"], where: string) {
  if (what === "post") return server.post(where);
  if (what === "edit") return server.edit(where);
  return what === "read" ? server.read(where) : server.postUnreadable(where);
}

function say(rig: Rig, { do: what, box: where = ACCOUNT, fate: how }: Step): void {
  const update = updateOf(rig, what, where);
  if (how !== "lost") rig.push(update);
  if (how === "twice") rig.push(update);
}

function fallIll(rig: Rig, { do: what, box: where, times = 1 }: Step): void {
  let left = times;
  rig.server.limits.tooLong = what === "too long" ? times : Number.POSITIVE_INFINITY;
  rig.server.onCall = (name, asked) => {
    if (what === "too long" || asked !== where || !name.includes("ifference") || left-- <= 0)
      return;
    if (what === "garbled") throw new Refusal("UNDECODABLE");
    throw new Refusal(what === "closed" ? "CHANNEL_PRIVATE" : "REFUSED NEW_CODE");
  };
}

async function perform(rig: Rig, step: Step, joined: string[]): Promise<void> {
  if (rig.errors.splice(0).length > 0) rig.begin();
  if (step.fate !== undefined) return say(rig, step);
  if (step.times !== undefined) return fallIll(rig, step);
  if (step.do === "turn") return await turns(1);
  if (step.do === "turns") return await turns(20);
  if (step.do === "doubt") return rig.engine.doubt();
  if (step.do === "bogus") {
    rig.server.bogus = rig.server.bogus === 0 ? 2 : 0;
  } else if (step.do === "join") {
    joined.push(String(20 + joined.length));
    rig.server.join(joined.at(-1) ?? "");
    rig.server.post(joined.at(-1) ?? "");
  } else {
    await (step.do === "crash" ? rig.crash() : rig.stop());
    rig.begin();
  }
}

/** The server is well again, and each box has one more message. */
async function isWhole(rig: Rig, joined: readonly string[]): Promise<void> {
  rig.server.onCall = () => {};
  rig.server.bogus = 0;
  rig.begin();
  await waitFor(() => rig.caughtUp.length > 0);
  const boxes = [ACCOUNT, "5", "6", ...joined];
  const isEven = (): boolean =>
    rig.store.updates.account()?.pts === rig.server.pts(ACCOUNT) &&
    boxes
      .slice(1)
      .every(
        (id) =>
          rig.store.updates.channels().find((each) => each.id === id)?.pts === rig.server.pts(id),
      );
  for (let round = 0; round < 3; round++) {
    for (const name of boxes) rig.push(rig.server.post(name));
    await turns(30);
  }
  await rig.complete();
  await waitFor(isEven, { what: "all positions are the server's", intervalMs: 1 });
  expect(new Set(rig.inbox()).size).toBe(rig.inbox().length);
  neverBeyond(rig);
}

async function play(steps: readonly Step[], check: (rig: Rig) => void): Promise<void> {
  const rig = await Rig.create({ retryMs: [1, 1, 2] });
  const joined: string[] = [];
  try {
    for (const channel of ["5", "6"]) rig.server.join(channel);
    await rig.start();
    for (const step of steps) {
      await perform(rig, step, joined);
      neverBeyond(rig);
    }
    await isWhole(rig, joined);
    check(rig);
  } finally {
    await rig.dispose();
  }
}

test("messages that cannot be read among others, objects that belong to nothing, outages: what " +
  "is told as lost is what is lost", async () => {
  const check = (rig: Rig): void => expect(lost(rig)).toBe(rig.server.unreadable());
  await fc.assert(
    fc.asyncProperty(mild, async (steps) => await play(steps, check)),
    { numRuns: 60 },
  );
}, 600_000);

test("answers that make no sense, refusals, closed channels, differences that are too long: in " +
  "the end everything is there once", async () => {
  const check = (rig: Rig): void => {
    if (rig.server.unreadable() === 0) expect(lost(rig)).toBe(0);
  };
  await fc.assert(
    fc.asyncProperty(severe, async (steps) => await play(steps, check)),
    { numRuns: 60 },
  );
}, 600_000);
