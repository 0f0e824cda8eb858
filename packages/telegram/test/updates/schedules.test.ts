import fc from "fast-check";
import { expect, test } from "vitest";
import type { Envelope, Update } from "../../src/updates/model.ts";
import { NOTHING_SPECIAL, reduce } from "../../src/updates/reduce.ts";
import { ACCOUNT } from "../../src/wire/box.ts";
import { Rig } from "./engine-kit.ts";
import { ModelServer, Refusal } from "./model-server.ts";

const BOXES = [ACCOUNT, "5", "6"] as const;
const box = fc.constantFrom(...BOXES);
/** Fate of an update on its way. */
const fate = fc.constantFrom("arrives", "arrives", "arrives", "lost", "twice", "late");
const step = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constantFrom("post", "edit", "read"), box, fate }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("late ones arrive", "together") }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom("doubt", "too long", "pause", "settle") }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom("outage", "crash", "disk full", "server trouble") }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom("limits"),
      tooLong: fc.integer({ min: 1, max: 8 }),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

class Schedule {
  readonly rig: Rig;
  #late: (Update | null)[] = [];

  constructor(rig: Rig) {
    this.rig = rig;
  }

  async perform(each: Step): Promise<void> {
    const { rig } = this;
    if (rig.errors.splice(0).length > 0) rig.begin();
    if ("fate" in each) return this.#happens(each);
    if ("tooLong" in each) {
      rig.server.limits.tooLong = each.tooLong;
      return;
    }
    switch (each.do) {
      case "late ones arrive":
        for (const update of this.#late.splice(0).reverse()) rig.push(update);
        return;
      case "together":
        return rig.push(...this.#late.splice(0).reverse());
      case "doubt":
        return rig.engine.doubt();
      case "too long":
        return rig.engine.feed({ kind: "too-long" });
      case "pause":
        return await new Promise(setImmediate);
      case "settle":
        for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
        return;
      case "outage":
        await rig.stop();
        return rig.begin();
      case "crash":
        await rig.crash();
        return rig.begin();
      case "disk full":
        rig.brokenCommits = 2;
        return;
      case "server trouble":
        this.#trouble();
    }
  }

  #updateOf(what: "post" | "edit" | "read", where: string) {
    const { server } = this.rig;
    if (what === "post") return server.post(where);
    return what === "edit" ? server.edit(where) : server.read(where);
  }

  #happens({ do: what, box: where, fate: how }: Extract<Step, { fate: string }>): void {
    const update = this.#updateOf(what, where);
    if (how === "late") this.#late.push(update);
    if (how === "arrives" || how === "twice") this.rig.push(update);
    if (how === "twice") this.rig.push(update);
  }

  #trouble(): void {
    let left = 2;
    this.rig.server.onCall = () => {
      if (left-- > 0) throw new Refusal("INTERNAL");
    };
  }
}

async function play(steps: readonly Step[]): Promise<Rig> {
  const rig = await Rig.create();
  for (const channel of ["5", "6"]) rig.server.join(channel);
  await rig.start();
  const schedule = new Schedule(rig);
  for (const each of steps) await schedule.perform(each);
  rig.brokenCommits = 0;
  return rig;
}

/** Every message is there once. */
function isComplete(rig: Rig): void {
  expect(rig.inbox().sort()).toEqual(rig.server.everything());
  expect(rig.engine.counts().lost).toBe(0);
}

test("whatever is lost, doubled, late, cut off or not stored: after the next connection " +
  "everything is there once", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const rig = await play(steps);
      try {
        await rig.crash();
        rig.errors.length = 0;
        await rig.start();
        isComplete(rig);
      } finally {
        await rig.dispose();
      }
    }),
    { numRuns: 150 },
  );
}, 600_000);

test("while the connection lives, the next update of a box brings back what the box lost", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const rig = await play(steps.filter((each) => each.do !== "disk full"));
      try {
        for (const name of BOXES) rig.push(rig.server.post(name));
        await rig.complete();
        isComplete(rig);
      } finally {
        await rig.dispose();
      }
    }),
    { numRuns: 100 },
  );
}, 600_000);

test("in what order the envelopes of a box come does not matter once all are there", () => {
  const order = fc.integer({ min: 1, max: 12 }).chain((length) => {
    const numbers = Array.from({ length }, (_, n) => n);
    return fc.tuple(
      fc.constant(length),
      fc.shuffledSubarray([...numbers, ...numbers], { minLength: length * 2 }),
    );
  });
  fc.assert(
    fc.property(order, ([length, indexes]) => {
      const server = new ModelServer();
      const updates = Array.from({ length }, () => server.post(ACCOUNT));
      let at = {
        account: { pts: 1, qts: 1, date: 1, seq: 0 },
        channels: new Map<string, number>(),
      };
      const taken: number[] = [];
      let held: readonly Update[] = [];
      for (const index of indexes) {
        for (let before = -1; before !== taken.length; ) {
          before = taken.length;
          const all = [...held, ...(before === taken.length ? [updates[index] as Update] : [])];
          const envelope: Envelope = {
            kind: "updates",
            seqStart: 0,
            seq: 0,
            date: 0,
            updates: all,
          };
          const next = reduce(at, envelope, NOTHING_SPECIAL);
          taken.push(...next.events.map(({ messageId }) => messageId));
          at = { account: next.account ?? at.account, channels: at.channels };
          held = next.gaps;
        }
      }
      expect(taken).toEqual(updates.map((_, n) => n + 1));
      expect(at.account.pts).toBe(server.pts(ACCOUNT));
    }),
  );
});
