/**
 * Screens and cards of alerts share the edits of a chat: a storm of one does not keep the other
 * from being true.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { EDIT_GAP_MS, type Editor, EditPace } from "../src/kit/chat/edit-pace.ts";
import { TestClock } from "./support.ts";

const CHAT = "777";

/** Both want to edit all the time, looking at the clock in steps. Who edited, and when. */
function storm(
  editors: readonly Editor[],
  forMs: number,
  stepMs: number,
): { readonly by: Editor; readonly at: number }[] {
  const clock = new TestClock();
  const [pace, began] = [new EditPace(clock), clock.ms];
  const made: { by: Editor; at: number }[] = [];
  for (; clock.ms - began < forMs; clock.ms += stepMs)
    for (const by of editors) {
      if (pace.waitMs(CHAT, EDIT_GAP_MS, by) > 0) continue;
      pace.edited(CHAT, by);
      made.push({ by, at: clock.ms - began });
    }
  return made;
}

test("of a card that changes all the time and a screen each gets every second edit", () => {
  const made = storm(["card", "screen"], 60_000, 100);
  expect(made.map(({ by }) => by).slice(0, 6)).toEqual([
    "card",
    "screen",
    "card",
    "screen",
    "card",
    "screen",
  ]);
  expect(made).toHaveLength(20);
});

test("alone, each edits as fast as the gap lets it", () => {
  expect(storm(["card"], 60_000, 100)).toHaveLength(20);
  expect(storm(["screen"], 60_000, 100)).toHaveLength(20);
});

test(
  "what a card has to tell that is new does not wait for a screen, and the screen has the " +
    "next turn",
  () => {
    const clock = new TestClock();
    const pace = new EditPace(clock);
    pace.edited(CHAT, "card");
    expect(pace.waitMs(CHAT, EDIT_GAP_MS, "screen")).toBe(3000);
    clock.ms += 1000;
    expect(pace.waitMs(CHAT, EDIT_GAP_MS, "card")).toBe(5000);
    expect(pace.waitMs(CHAT, EDIT_GAP_MS, "news")).toBe(2000);
    clock.ms += 2000;
    pace.edited(CHAT, "news");
    expect(pace.waitMs(CHAT, EDIT_GAP_MS, "card")).toBe(6000);
    expect(pace.waitMs(CHAT, EDIT_GAP_MS, "screen")).toBe(3000);
  },
);

test("a turn that is not taken is lost, also in another chat", () => {
  const clock = new TestClock();
  const pace = new EditPace(clock);
  pace.edited(CHAT, "card");
  expect(pace.waitMs(CHAT, EDIT_GAP_MS, "screen")).toBe(3000);
  expect(pace.waitMs("778", EDIT_GAP_MS, "card")).toBe(0);
  clock.ms += 6000;
  expect(pace.waitMs(CHAT, EDIT_GAP_MS, "card")).toBe(0);
});

test("no two edits come within the gap, and no one waits for more than two of them", () => {
  const editor = fc.constantFrom<Editor>("card", "screen", "news");
  fc.assert(
    fc.property(
      fc.uniqueArray(editor, { minLength: 1 }),
      fc.integer({ min: 1, max: 1500 }),
      (editors, stepMs) => {
        const made = storm(editors, 120_000, stepMs);
        for (const [n, { at }] of made.entries())
          if (n > 0) expect(at - (made[n - 1]?.at ?? 0)).toBeGreaterThanOrEqual(EDIT_GAP_MS);
        if (editors.includes("news")) return;
        for (const by of editors) {
          const own = made.filter((each) => each.by === by).map(({ at }) => at);
          for (const [n, at] of own.entries())
            expect(at - (own[n - 1] ?? 0)).toBeLessThanOrEqual(2 * (EDIT_GAP_MS + stepMs));
        }
      },
    ),
  );
});
