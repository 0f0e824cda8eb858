import fc from "fast-check";
import { expect, test } from "vitest";
import { parseStat } from "../src/stat.ts";

const rest = (state: string, user: number, system: number, start: number): string =>
  `${state} 1 1 1 0 -1 4194304 0 0 0 0 ${user} ${system} 0 0 20 0 7 0 ${start} 0 0`;

test("the fields are read for a program with any name", () => {
  const names = fc.oneof(fc.string(), fc.constantFrom("a) S 1 1", "((", ") R", "Web Content", ""));
  fc.assert(
    fc.property(names, fc.nat(1e6), fc.nat(1e6), fc.nat(1e9), (name, user, system, start) => {
      const line = `42 (${name}) ${rest("T", user, system, start)}\n`;
      expect(parseStat(line)).toEqual({
        state: "stopped",
        startTicks: String(start),
        cpuMs: (user + system) * 10,
      });
    }),
  );
});

test.each([
  ["R", "running"],
  ["S", "running"],
  ["D", "running"],
  ["t", "stopped"],
  ["Z", "zombie"],
  ["?", "unknown"],
])("the letter %s of the kernel means %s", (letter, state) => {
  expect(parseStat(`1 (x) ${rest(letter, 0, 0, 1)}`)?.state).toBe(state);
});

test.each(["", "1 (x) S 1", "no such thing"])("%j is no line of the kernel", (line) => {
  expect(parseStat(line)).toBeNull();
});
