import { areNeighbours } from "@flotilla/contracts";
import { expect, test } from "vitest";

test.each([
  ["1.0.0", "1.1.3", true],
  ["1.2.0", "1.0.0", false],
  ["0.1.0", "1.0.0", true],
  ["0.1.0", "1.1.0", false],
  ["2.0.0", "2.0.1", true],
])("%s and %s work together: %s", (one, other, together) => {
  expect([areNeighbours(one, other), areNeighbours(other, one)]).toEqual([together, together]);
});
