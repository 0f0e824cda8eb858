import fc from "fast-check";
import { expect, test } from "vitest";
import { Moment } from "../src/index.ts";

class TestClock {
  wall = 1_800_000_000_000;
  up = 5000;
  now(): number {
    return this.wall;
  }
  monotonicMs(): number {
    return this.up;
  }
  pass(ms: number): void {
    this.wall += ms;
    this.up += ms;
  }
}

test("a moment lies as far back as time has passed, whatever the wall clock did", () => {
  const step = fc.record({
    ms: fc.nat(10_000_000),
    jump: fc.oneof(fc.constant(0), fc.integer({ min: -1e11, max: 1e11 })),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const clock = new TestClock();
      const moment = new Moment(clock);
      let passed = 0;
      for (const { ms, jump } of steps) {
        clock.pass(ms);
        clock.wall += jump;
        passed += ms;
        expect(Math.abs(clock.now() - moment.at - passed)).toBeLessThan(1000);
      }
    }),
  );
});

test("it stays the same number while the wall clock only drifts", () => {
  const clock = new TestClock();
  const moment = new Moment(clock);
  const at = moment.at;
  for (const drift of [1, 300, 600, -400]) {
    clock.pass(60_000);
    clock.wall += drift;
    expect(moment.at).toBe(at);
  }
  clock.wall += 86_400_000;
  expect(moment.at - at).toBeGreaterThan(86_399_000);
  expect(moment.jumpedMs).toBe(moment.at - at);
});
