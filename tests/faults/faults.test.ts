import { expect, inject, test } from "vitest";
import { judge, type Recorded } from "./judge.ts";
import { Rig } from "./rig.ts";
import { LONG_ROUNDS, ROUNDS, type Round, randomFrom } from "./rounds.ts";

const { rounds, seed, only } = inject("faults");

/** The most telling fault of each kind; the long run has them all. */
const SHORT = [
  "kill -9 of the worker",
  "a second start by hand on the other host",
  "SIGSTOP and SIGCONT of the worker",
  "Redis and worker killed together",
  "stop on one host, the other takes over",
  "kill -9 of the supervisor of a frozen worker",
] satisfies (keyof typeof ROUNDS)[];

/**
 * Invariants 1, 2 and 7: Telegram never sees one session twice at once. The sandbox's record
 * decides.
 */
test.skipIf(process.platform !== "linux" || rounds > 0)(
  "through a few faults, one session of two hosts is never twice on Telegram",
  async () => {
    const rig = await Rig.start("none");
    const random = randomFrom(1);
    for (const name of SHORT) {
      await (ROUNDS[name] as Round)(rig, () => random() * 0.1);
      await rig.stable();
      expect(await rig.verdict(), `after: ${name}`).toEqual([]);
    }
  },
);

test.runIf(rounds > 0)(
  "through many random faults, replayable by their seed, one session is never twice on Telegram",
  { timeout: rounds * 120_000 },
  async () => {
    const rig = await Rig.start(seed % 2 === 0 ? "none" : "aof");
    const random = randomFrom(seed);
    const names = Object.keys(LONG_ROUNDS).filter((name) => name.includes(only));
    for (let n = 1; n <= rounds; n++) {
      const name = names[Math.floor(random() * names.length)] ?? "";
      const began = performance.now();
      await LONG_ROUNDS[name]?.(rig, random);
      const owner = await rig.stable(120_000);
      process.stdout.write(
        `${n}/${rounds} ${name}: ${((performance.now() - began) / 1000).toFixed(1)} s, host-${owner}\n`,
      );
      expect(await rig.verdict(), `round ${n} of seed ${seed}: ${name}`).toEqual([]);
    }
  },
);

test("the judge reports two connections of one key and duplicated keys", () => {
  const entry = (
    connection: number,
    event: Recorded["event"],
    remoteAddress = "127.0.0.1",
  ): Recorded => ({
    at: connection,
    connection,
    event,
    remoteAddress,
    keyId: "key",
  });
  const one = [
    entry(1, "opened"),
    entry(1, "authorised"),
    entry(1, "closed"),
    entry(2, "opened"),
    entry(2, "authorised"),
  ];
  expect(judge(one)).toEqual([]);
  expect(judge([entry(1, "authorised"), entry(2, "authorised")])).toHaveLength(1);
  expect(
    judge([entry(1, "authorised"), entry(2, "authorised", "127.0.0.2"), entry(1, "duplicated")]),
  ).toHaveLength(2);
  const otherKey = { ...entry(2, "authorised"), keyId: "other" };
  expect(judge([entry(1, "authorised"), otherKey])).toEqual([]);
});
