import { expect, test } from "vitest";
import { rightOf } from "../src/duty/right.ts";

const last = (fence: number) => ({ fence, host: "host-a", since: 1 });

test.each([
  ["a new folder of a new fleet", null, null, false, "yes"],
  ["a folder of an older version", null, null, true, "yes"],
  ["a new folder beside another bot", null, last(5), false, "empty"],
  ["an unknown control.db beside another bot", null, last(5), true, "unknown"],
  ["the folder of the last bot", { fence: 5, seen: 0 }, last(5), true, "yes"],
  ["the folder of the last bot, Redis empty", { fence: 5, seen: 0 }, null, true, "yes"],
  ["a folder that another bot went past", { fence: 4, seen: 0 }, last(5), true, "older"],
  ["the same, Redis empty", { fence: 4, seen: 5 }, null, true, "older"],
  ["a standby that never ran, Redis empty", { fence: 0, seen: 5 }, null, false, "empty"],
  ["the same with a control.db", { fence: 0, seen: 5 }, null, true, "unknown"],
  ["what an owner put there", { fence: null, seen: 9 }, last(5), true, "yes"],
])("%s", (_what, note, before, hasFile, expected) => {
  expect(rightOf(note, before, hasFile)).toBe(expected);
});
