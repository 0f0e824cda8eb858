import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  countingCrashes,
  DEFAULT_RESTART_RULES,
  decideRestart,
  type PastExit,
} from "../src/restart-policy.ts";

const YEAR = 365 * 24 * 3600_000;
const NOW = 1_800_000_000_000;
const RULES = DEFAULT_RESTART_RULES;
const crash = (at: number, uptimeMs = 1000): PastExit => ({ at, uptimeMs, class: "CRASH" });

describe("a clock that was wrong", () => {
  test("by a year ahead, once: its crashes do not count months later", () => {
    const ahead = [1, 2, 3, 4, 5].map((n) => crash(NOW + YEAR + n * 1000));
    const decision = decideRestart([...ahead, crash(NOW)], NOW);
    expect(decision).toMatchObject({ kind: "restart", attempt: 1 });
  });

  test.each([-YEAR, -3600_000, 3600_000, YEAR])(
    "set by %i ms in the middle of a crash loop: the loop still ends",
    (jump) => {
      const before = [1, 2, 3].map((n) => crash(NOW + n * 1000));
      const after = Array.from({ length: 6 }, (_, n) => crash(NOW + jump + 4000 + n * 1000));
      expect(decideRestart([...before, ...after], NOW + jump + 9000)).toMatchObject({
        kind: "gave-up",
      });
    },
  );

  test(
    "property: whatever was written with another clock, one crash after a quiet day is never " +
      "given up for it",
    () => {
      fc.assert(
        fc.property(
          fc.array(fc.integer({ min: -2 * YEAR, max: 2 * YEAR }), { maxLength: 40 }),
          (jumps) => {
            const old = jumps
              .filter((jump) => jump > 0 || jump < -RULES.windowMs)
              .map((jump) => crash(NOW + jump));
            expect(countingCrashes([...old, crash(NOW)], NOW, RULES)).toHaveLength(1);
            expect(decideRestart([...old, crash(NOW)], NOW).kind).toBe("restart");
          },
        ),
      );
    },
  );
});
