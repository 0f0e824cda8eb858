import type { WorkerId } from "@flotilla/kernel";
import fc from "fast-check";
import { expect, test } from "vitest";
import { startOrder } from "../src/index.ts";

const ids = (...names: string[]): WorkerId[] => names as WorkerId[];
const reader = (worker: string, ...senders: string[]) => ({
  worker: worker as WorkerId,
  senders: ids(...senders),
});

test("senders start before their readers, over any number of steps; all others keep their order", () => {
  expect(
    startOrder(ids("a", "b", "c", "d"), [reader("a", "c"), reader("c", "d", "elsewhere")]),
  ).toEqual(ids("d", "c", "a", "b"));
  expect(startOrder(ids("a", "b"), [reader("a", "b"), reader("b", "a")])).toEqual(ids("b", "a"));
  expect(startOrder(ids("a", "b"), [])).toEqual(ids("a", "b"));
});

test("every worker is listed exactly once, whatever the readers report", () => {
  const name = fc.constantFrom("a", "b", "c", "d", "e");
  fc.assert(
    fc.property(fc.uniqueArray(name), fc.array(fc.tuple(name, fc.array(name))), (workers, said) => {
      const readers = said.map(([worker, senders]) => reader(worker, ...senders));
      expect(startOrder(ids(...workers), readers).sort()).toEqual([...workers].sort());
    }),
  );
});
