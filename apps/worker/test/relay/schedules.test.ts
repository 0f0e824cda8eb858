/** Random schedules of messages, refusals, lost answers, lost hand-overs and killed processes. */
import { testDir } from "@flotilla/testkit";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Fault, type Step, World } from "./schedule-world.ts";

const RUNS = 25;

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      op: fc.constant("post" as const),
      kind: fc.constantFrom("short", "long", "album", "answer"),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constantFrom("edit" as const, "delete" as const),
      of: fc.nat(6),
      isLong: fc.boolean(),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      op: fc.constant("carry" as const),
      fault: fc.constantFrom<Fault[]>(
        "none",
        "none",
        "none",
        "lost",
        "SOMETHING_NEW_2027",
        "MESSAGE_TOO_LONG",
        "SLOWMODE_WAIT_3",
        "CHAT_WRITE_FORBIDDEN",
        "surprise",
      ),
      after: fc.constantFrom(0, 0, 1),
      isConfirmed: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constantFrom(
        "lose" as const,
        "kill reader" as const,
        "kill sender" as const,
        "wake" as const,
        "retry" as const,
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant("wait" as const),
      ms: fc.constantFrom(300, 1000, 11_000, 610_000),
    }),
  },
) as fc.Arbitrary<Step>;

function judge({ said, targets }: World): void {
  const seen = targets.posted.map((each) => ({
    ...each,
    source: each.from ?? Number(/^m([0-9]+)v/.exec(each.text)?.[1] ?? 0),
  }));
  for (const { id, isGone, isUntold, isCut, text, isPhoto } of said) {
    const of = seen.filter(({ source, deleted }) => source === id && !deleted);
    if (isGone) expect(isUntold ? 0 : of.length, `${id} was deleted`).toBe(0);
    else expect(of.length, `${id} is there once`).toBe(1);
    const posted = seen.filter(({ source }) => source === id).map((each) => each.id);
    const parts = seen.filter(
      ({ source, replyTo, deleted }) => source === 0 && !deleted && posted.includes(replyTo ?? 0),
    );
    if (isGone && !isUntold) expect(parts, `${id} was deleted with all of its parts`).toEqual([]);
    if (!isGone && !isUntold && isPhoto)
      expect([`fwd ${id}`, text], `${id} says what it says now`).toContain(of[0]?.text);
    else if (!isGone && !isUntold && !isCut) {
      const [first] = of;
      const rest = seen.filter(
        ({ source, replyTo, deleted }) => source === 0 && !deleted && replyTo === first?.id,
      );
      expect(
        [first?.text, ...rest.map((each) => each.text)].join(" "),
        `${id} says what it says now`,
      ).toBe(text);
    }
  }
  const isSteady = (source: number): boolean =>
    said.some(({ id, isRefused }) => id === source && !isRefused);
  const order = seen.map(({ source }) => source).filter(isSteady);
  expect(order, "in order").toEqual(order.toSorted((a, b) => a - b));
}

test(
  "after any refusals, losses and kills each message arrives once, whole, in order, with its " +
    "current text",
  async () => {
    const dir = await testDir();
    let n = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
        using world = new World(`${dir}/${++n}`);
        for (const each of steps) await world.take(each);
        await world.settle();
        judge(world);
      }),
      { numRuns: RUNS },
    );
  },
);
