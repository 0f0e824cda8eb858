import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type LinkSnapshot,
  type NetworkGate,
  OPEN_GATE,
  stepGate,
} from "../../src/policy/network-gate.ts";

const down = (worker: string, attempt = 1): LinkSnapshot => ({ worker, state: "down", attempt });
const up = (worker: string): LinkSnapshot => ({ worker, state: "up", attempt: 0 });

test("one worker of several without a network does not close the gate, nor does a single worker", () => {
  expect(stepGate(OPEN_GATE, [down("a"), up("b")], 1000)).toEqual({ gate: OPEN_GATE, orders: [] });
  expect(
    stepGate(OPEN_GATE, [down("a"), { worker: "b", state: "other", attempt: 0 }], 1000).orders,
  ).toEqual([]);
});

test("all down: one probes in turn with growing pauses; one up: the others follow with spacing", () => {
  let { gate, orders } = stepGate(OPEN_GATE, [down("a"), down("b"), down("c")], 1000);
  expect(orders).toEqual([
    { worker: "b", order: "hold", delayMs: 0 },
    { worker: "c", order: "hold", delayMs: 0 },
  ]);
  expect(stepGate(gate, [down("a"), down("b"), down("c")], 1000).orders).toEqual([]);
  ({ gate, orders } = stepGate(gate, [down("a", 2), down("b"), down("c")], 1000));
  expect(orders).toEqual([
    { worker: "a", order: "hold", delayMs: 0 },
    { worker: "b", order: "go", delayMs: 10_000 },
  ]);
  ({ gate, orders } = stepGate(gate, [down("a", 2), down("b", 2), down("c")], 1000));
  expect(orders.at(-1)).toEqual({ worker: "c", order: "go", delayMs: 20_000 });
  ({ gate, orders } = stepGate(gate, [down("a", 2), down("b", 2), up("c")], 1000));
  expect(gate).toBe(OPEN_GATE);
  expect(orders).toEqual([
    { worker: "a", order: "go", delayMs: 0 },
    { worker: "b", order: "go", delayMs: 1000 },
  ]);
});

test("a stopped prober hands over at once; a worker that goes down later is held", () => {
  let { gate, orders } = stepGate(OPEN_GATE, [down("a"), down("b"), down("c")], 1000);
  ({ gate, orders } = stepGate(gate, [down("b"), down("c"), down("d")], 1000));
  expect(orders).toEqual([
    { worker: "d", order: "hold", delayMs: 0 },
    { worker: "b", order: "go", delayMs: 0 },
  ]);
  expect(gate).toMatchObject({ prober: "b", held: ["c", "d"] });
});

const sights = fc.uniqueArray(
  fc.record({
    worker: fc.constantFrom("a", "b", "c", "d", "e"),
    state: fc.constantFrom(
      "down" as const,
      "down" as const,
      "down" as const,
      "up" as const,
      "other" as const,
    ),
    attempt: fc.nat(4),
  }),
  { selector: ({ worker }) => worker },
);

test(
  "after any events: none is held while a worker is up, all but one while none is, and each " +
    "held one is released",
  () => {
    fc.assert(
      fc.property(fc.array(sights, { maxLength: 12 }), (history) => {
        let gate: NetworkGate = OPEN_GATE;
        const held = new Set<string>();
        for (const seen of history) {
          const step = stepGate(gate, seen, 1000);
          gate = step.gate;
          // A worker that is up, stopped or new is not held, whatever its last order was.
          for (const worker of held)
            if (seen.find((each) => each.worker === worker)?.state !== "down") held.delete(worker);
          for (const { worker, order } of step.orders) {
            if (order === "hold") held.add(worker);
            else held.delete(worker);
          }
          const dark = seen.filter(({ state }) => state === "down");
          if (gate.isOpen) expect([...held]).toEqual([]);
          else {
            expect(seen.some(({ state }) => state === "up")).toBe(false);
            expect(
              dark.filter(({ worker }) => !held.has(worker)).map(({ worker }) => worker),
            ).toEqual([gate.prober]);
          }
        }
      }),
    );
  },
);
