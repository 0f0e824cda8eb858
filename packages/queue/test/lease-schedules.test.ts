import fc from "fast-check";
import { test } from "vitest";
import { follow, HOSTS, type Host, type Op } from "./lease-world.ts";

const host = fc.constantFrom(...HOSTS);
const units = fc.constantFrom(1, 2, 5, 9, 11, 21, 25);
const one = (...names: Extract<Op, { host: Host; units?: never }>["op"][]) =>
  fc.record({ op: fc.constantFrom(...names), host }) as fc.Arbitrary<Op>;
/** A whole question with its answer. */
const exchange = (each: Host): Op[] =>
  (["ask", "serve", "hear"] as const).map((op) => ({ op, host: each }));
const pass = (n: number): Op => ({ op: "pass", units: n });
/** One host is stopped for longer than its lease, another one takes over. */
const takeover = ([from, to]: readonly [Host, Host]): Op[] => [
  ...exchange(from),
  { op: "freeze", host: from },
  pass(21),
  ...exchange(to),
];
const step: fc.Arbitrary<Op[]> = fc.oneof(
  { weight: 8, arbitrary: host.map(exchange) },
  { weight: 2, arbitrary: fc.tuple(host, host).map(takeover) },
  {
    weight: 2,
    arbitrary: host.map((each): Op[] => [{ op: "wake", host: each }, ...exchange(each)]),
  },
  { weight: 6, arbitrary: units.map((n): Op[] => [pass(n)]) },
  { weight: 6, arbitrary: one("ask", "serve", "hear", "drop").map((op) => [op]) },
  { weight: 4, arbitrary: one("freeze", "wake", "crash", "leave").map((op) => [op]) },
  {
    weight: 3,
    arbitrary: fc.constantFrom<Op[]>(
      [{ op: "snap" }],
      [{ op: "lose" }],
      [{ op: "restart" }],
      [{ op: "go back" }],
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ op: fc.constant("jump" as const), host, units: fc.constantFrom(-30, -5, 5, 30) })
      .map((op) => [op]),
  },
);
const schedule = fc.array(step, { minLength: 10, maxLength: 60 }).map((steps) => steps.flat());

test("whatever is frozen, cut off or forgotten: never two act, the number never falls, and in " +
  "the end exactly one acts", async () => {
  await fc.assert(fc.asyncProperty(schedule, follow), { numRuns: 60 });
}, 120_000);

const [a, b] = HOSTS;
const wake = (each: Host): Op => ({ op: "wake", host: each });

test.each<[string, Op[]]>([
  [
    "a holder that was stopped wakes on an empty Redis, while the one that took over acts",
    [
      pass(21),
      ...exchange(a),
      pass(21),
      ...takeover([a, b]),
      { op: "lose" },
      wake(a),
      ...exchange(a),
      pass(1),
      ...exchange(b),
    ],
  ],
  [
    "the same, while the other one's way to Redis is cut for as long as it may act",
    [
      ...exchange(a),
      pass(21),
      ...takeover([a, b]),
      { op: "lose" },
      wake(a),
      pass(9),
      ...exchange(a),
      pass(1),
      ...exchange(b),
    ],
  ],
  [
    "Redis comes back as it was before the takeover",
    [
      ...exchange(a),
      pass(21),
      ...exchange(a),
      { op: "snap" },
      ...takeover([a, b]),
      { op: "go back" },
      wake(a),
      ...exchange(a),
    ],
  ],
  [
    "Redis comes back as it was before a holder left and another host took over; the first host starts again",
    [
      ...exchange(a),
      pass(21),
      ...exchange(a),
      { op: "snap" },
      { op: "leave", host: a },
      ...exchange(b),
      { op: "go back" },
      ...exchange(a),
    ],
  ],
  [
    "a question that waited in the network for longer than the lease",
    [
      ...exchange(a),
      pass(21),
      ...exchange(a),
      { op: "ask", host: a },
      pass(21),
      ...exchange(b),
      { op: "serve", host: a },
      { op: "hear", host: a },
    ],
  ],
  [
    "a holder that acts on a Redis that forgot it, while another one asks first",
    [
      ...exchange(a),
      pass(21),
      ...exchange(a),
      { op: "lose" },
      ...exchange(b),
      pass(9),
      ...exchange(a),
      pass(12),
      ...exchange(b),
    ],
  ],
])("%s", async (_, ops) => {
  await follow(ops);
});
