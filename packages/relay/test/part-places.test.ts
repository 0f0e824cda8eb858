import fc from "fast-check";
import { expect, it } from "vitest";
import { type PartPlace, placeParts, planDelete, planEdit } from "../src/index.ts";
import { aMessage, aRoute } from "./support.ts";

it.each<[string, readonly PartPlace[], { rest?: (number | null)[]; refused?: number[] }, object]>([
  ["sent", [], { rest: [2, 3] }, { places: [2, 3], cut: 0, isWhole: true }],
  [
    "one was refused",
    [],
    { rest: [null, 3], refused: [0] },
    { places: ["missing", 3], cut: 1, isWhole: true },
  ],
  [
    "the last was refused",
    [],
    { rest: [2, null], refused: [1] },
    { places: [2], cut: 1, isWhole: true },
  ],
  ["one was not told", [], { rest: [null, 3] }, { places: ["unknown", 3], cut: 0, isWhole: true }],
  [
    "edited around one that was not told",
    ["unknown", 3],
    { rest: [3] },
    { places: ["unknown", 3], cut: 0, isWhole: false },
  ],
  [
    "shorter, and one that was not told stays",
    [2, "unknown", 4],
    { rest: [2] },
    { places: [2, "unknown"], cut: 0, isWhole: false },
  ],
  [
    "shorter in front of it",
    [2, "unknown"],
    { rest: [] },
    { places: ["missing", "unknown"], cut: 0, isWhole: false },
  ],
  [
    "an edit was refused",
    [2, 3],
    { rest: [null, 3], refused: [0] },
    { places: [2, 3], cut: 0, isWhole: false },
  ],
  [
    "a missing one came",
    ["missing", 3],
    { rest: [4, 3] },
    { places: [4, 3], cut: 0, isWhole: true },
  ],
  ["nothing followed", [2], {}, { places: [2], cut: 0, isWhole: true }],
])("places of parts: %s", (_what, before, sent, after) => {
  expect(placeParts(before, sent)).toEqual(after);
});

const place = fc.oneof(
  fc.integer({ min: 2, max: 90 }),
  fc.constantFrom("unknown" as const, "missing" as const),
);
/** A text of `parts` parts; each is one repeated word. */
const text = (parts: number): string =>
  Array.from({ length: parts }, (_, n) => `${n}`.padStart(2, "0").repeat(2048)).join("");

it("an edit changes each part that is known at its place, and its answer keeps the places", () => {
  fc.assert(
    fc.property(fc.array(place, { maxLength: 6 }), fc.nat(6), (rest, more) => {
      const copied = { message: 1, rest, said: null, form: null, album: null };
      const plan = planEdit(aRoute(), aMessage({ text: text(more + 1) }), "v", () => copied);
      const wanted = (plan.kind === "step" && plan.step.kind === "edit" && plan.step.rest) || [];
      const placeOf = ({ text: said }: { text: string }): number => Number(said.slice(0, 2)) - 1;
      for (const each of wanted)
        expect(each.message).toBe(
          [rest[placeOf(each)]].find((known) => typeof known === "number") ?? null,
        );
      const sent =
        wanted.length > 0 || rest.length > 0
          ? { rest: wanted.map(({ message }, n) => message ?? 100 + n) }
          : {};
      const { places } = placeParts(rest, sent);
      for (const [at, was] of rest.entries())
        if (was === "unknown") expect(places[at]).toBe("unknown");
      for (const [n, each] of wanted.entries())
        expect(places[placeOf(each)]).toBe(each.message ?? 100 + n);
    }),
  );
});

it("a deletion names every part whose id is known, whatever is missing between", () => {
  fc.assert(
    fc.property(fc.option(fc.constant(1)), fc.array(place, { maxLength: 6 }), (message, rest) => {
      const plan = planDelete(aRoute(), { chat: "-1", id: 7 }, () => ({
        message,
        rest,
        said: null,
        form: null,
        album: null,
      }));
      const known = [message, ...rest].filter((each) => typeof each === "number");
      if (known.length === 0) expect(plan).toEqual({ kind: "nothing", reason: "unreached" });
      else expect(plan).toEqual({ kind: "step", step: { kind: "delete", messages: known } });
    }),
  );
});
