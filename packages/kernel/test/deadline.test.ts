import { Deadline } from "@flotilla/kernel";
import { expect, test } from "vitest";

test("a deadline counts down by the monotonic clock, and a jump of the wall clock does not move it", () => {
  const at = { wall: 1_000_000, mono: 50 };
  const deadline = new Deadline(300, { now: () => at.wall, monotonicMs: () => at.mono });
  at.wall += 3_600_000;
  expect([deadline.leftMs, deadline.isOver]).toEqual([300, false]);
  at.mono += 299;
  expect([deadline.leftMs, deadline.isOver]).toEqual([1, false]);
  at.mono += 1;
  expect([deadline.leftMs, deadline.isOver]).toEqual([0, true]);
  at.mono += 1000;
  expect(deadline.leftMs).toBe(0);
});
