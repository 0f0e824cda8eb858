import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { usualSilenceMs } from "../../src/index.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** A Monday, 22:00 UTC. */
const MONDAY = Date.UTC(2027, 0, 4, 22);
const hours = (min: number, max: number) => fc.integer({ min: min * HOUR, max: max * HOUR });

describe("a silence", () => {
  test("is unusual at once where nothing like it is known", () => {
    expect(usualSilenceMs([], MONDAY)).toBe(0);
    expect(usualSilenceMs([{ from: MONDAY, ms: 8 * HOUR }], MONDAY + 12 * HOUR)).toBe(0);
  });

  test("of a night may last an hour or a quarter longer than the longest of those nights", () => {
    const known = [
      { from: MONDAY, ms: 8 * HOUR },
      { from: MONDAY + DAY, ms: 6 * HOUR },
    ];
    expect(usualSilenceMs(known, MONDAY + 2 * DAY)).toBe(10 * HOUR);
    expect(usualSilenceMs([{ from: MONDAY, ms: 2 * HOUR }], MONDAY + DAY)).toBe(3 * HOUR);
  });

  test("of a weekend says nothing about one in the middle of the week", () => {
    const friday = MONDAY + 4 * DAY;
    expect(usualSilenceMs([{ from: friday, ms: 60 * HOUR }], friday + 7 * DAY)).toBe(75 * HOUR);
    expect(usualSilenceMs([{ from: friday, ms: 60 * HOUR }], MONDAY + 7 * DAY)).toBe(0);
  });

  test(
    "of a chat that sleeps every night is never unusual from the second night on, and one that " +
      "is far too long always is",
    () => {
      const night = fc.record({ jitter: hours(0, 1), ms: hours(7, 8) });
      fc.assert(
        fc.property(
          fc.array(night, { minLength: 2, maxLength: 4 }),
          hours(0, 23),
          (nights, shift) => {
            const known = nights.map(({ jitter, ms }, n) => ({
              from: MONDAY - 22 * HOUR + shift + n * DAY + jitter,
              ms,
            }));
            const last = known.pop();
            if (!last || new Date(last.from).getUTCDay() > 4) return;
            const usual = usualSilenceMs(known, last.from);
            expect(last.ms).toBeLessThanOrEqual(usual);
            expect(usual).toBeLessThanOrEqual(10 * HOUR);
          },
        ),
      );
    },
  );

  test("grows with what is known, never shrinks, and is longer than each that is like it", () => {
    const silence = fc.record({
      from: fc.integer({ min: MONDAY - 14 * DAY, max: MONDAY }),
      ms: hours(1, 70),
    });
    fc.assert(
      fc.property(
        fc.array(silence),
        silence,
        fc.integer({ min: MONDAY, max: MONDAY + 7 * DAY }),
        (known, more, from) => {
          const before = usualSilenceMs(known, from);
          expect(usualSilenceMs([...known, more], from)).toBeGreaterThanOrEqual(before);
          expect(usualSilenceMs([...known, more], more.from)).toBeGreaterThan(more.ms);
        },
      ),
    );
  });
});
