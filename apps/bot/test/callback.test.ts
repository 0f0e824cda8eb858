import fc from "fast-check";
import { expect, test } from "vitest";
import { REGISTRY } from "../src/app/features.ts";
import { CALLBACK_LIMIT_BYTES, decodePress, encodePress } from "../src/kit/callback.ts";

const VERBS = [...REGISTRY.buttons.values()].map(({ verb }) => verb);
const LONGEST_WORKER = "w".repeat(32);
const worker = fc.oneof(fc.constant(""), fc.stringMatching(/^[a-z][a-z0-9_-]{0,31}$/));
const arg = fc.stringMatching(/^[a-z0-9-]{0,16}$/);

test("a press is read as it was written", () => {
  fc.assert(
    fc.property(fc.constantFrom(...VERBS), worker, arg, (verb, name, detail) => {
      expect(decodePress(encodePress(verb, name, detail))).toEqual({
        verb,
        about: name,
        arg: detail,
      });
    }),
  );
});

test.each(VERBS)(
  "the button %s fits into Telegram's 64 bytes with the longest name and argument",
  (verb) => {
    const data = encodePress(verb, LONGEST_WORKER, "z".repeat(16));
    expect(Buffer.byteLength(data)).toBeLessThanOrEqual(CALLBACK_LIMIT_BYTES);
    expect(decodePress(data)).toEqual({ verb, about: LONGEST_WORKER, arg: "z".repeat(16) });
  },
);

test("a button that would not fit is refused where it is made, not by Telegram", () => {
  expect(() => encodePress("restart", LONGEST_WORKER, "ж".repeat(16))).toThrow(RangeError);
});

test("data that we did not write is never taken for a press, and never throws", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string({ unit: "binary" }),
        fc.string().map((text) => `v1:${text}`),
      ),
      (data) => {
        const press = decodePress(data);
        if (press) expect(`v1:${press.verb}:${press.about}:${press.arg}`).toBe(data);
      },
    ),
  );
});

test.each([
  ["another version", "v2:menu::"],
  ["a part too many", "v1:menu:::"],
  ["a part too few", "v1:menu:"],
  ["a line break at the end", "v1:menu::\n"],
  ["a capital letter", "v1:worker:News:"],
  ["a name of 33 characters", `v1:worker:${"w".repeat(33)}:`],
  ["nothing", ""],
])("data with %s is not a press", (_why, data) => {
  expect(decodePress(data)).toBeNull();
});

test.each([
  ["an unknown verb", "v1:reboot:news_1:"],
  ["a name of every object", "v1:constructor::"],
])("data with %s leads to no button", (_why, data) => {
  const press = decodePress(data);
  expect(REGISTRY.buttons.has(press?.verb ?? "")).toBe(false);
  expect(REGISTRY.may("owner", press?.verb ?? "")).toBe(false);
});
