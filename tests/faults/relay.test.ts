import { expect, test } from "vitest";
import { READERS, RelayRig, SENDERS } from "./relay-rig.ts";

/** Messages of the run; `npm run faults -- --relay 10000` sets it. */
const MESSAGES = Number(process.env["RELAY_MESSAGES"] ?? 150);
const SEED = Number(process.env["FAULT_SEED"] ?? 1);

/**
 * Promises S1-25 and S2-48, invariant 3: kills readers, senders, supervisor and bot at random while
 * messages are under way, Redis once, and resets connections. Two routes copy files that their
 * senders cannot reference. In the sandbox's record every message arrived once, in the order of its
 * source.
 */
test.skipIf(process.platform !== "linux")(
  "3 readers, 2 senders and 10 routes lose no message, double none and keep the order",
  { timeout: 300_000 + MESSAGES * 600 },
  async () => {
    const rig = await RelayRig.start();
    const random = randomFrom(SEED);
    const killEvery = Math.max(25, Math.floor(MESSAGES / 80));
    let kills = 0;
    const began = performance.now();
    for (let n = 0; n < MESSAGES; n++) {
      await rig.post(Math.floor(random() * rig.ways.length), `message ${n}`);
      if (n === Math.floor(MESSAGES / 2)) {
        await rig.redis.kill9();
        await rig.redis.restart();
      }
      if (n % killEvery !== killEvery - 1) continue;
      kills += 1;
      await rig.kill(victim(kills, random));
    }
    await rig.settled(120_000 + MESSAGES * 400);
    const seconds = (performance.now() - began) / 1000;
    const arrived = await rig.arrived();
    const again = await rig.refusedTwice();
    process.stdout.write(
      `${MESSAGES} messages, ${kills} kills, seed ${SEED}: ${seconds.toFixed(1)} s, ${again} ` +
        `second copies refused\n`,
    );
    expect(arrived).toEqual(rig.ways.map(({ sent }) => sent));
  },
);

/**
 * Kills services only a few times: beyond five exits in ten minutes the launcher restarts them once
 * a minute.
 */
function victim(kill: number, random: () => number): string {
  if (kill === 3 || kill === 23 || kill === 43) return "supervisor";
  if (kill === 5 || kill === 25 || kill === 45) return "bot";
  if (kill % 4 === 2) return "links";
  const workers = [...READERS, ...SENDERS];
  return workers[Math.floor(random() * workers.length)] ?? READERS[0];
}

/** mulberry32: the same seed plays the same faults again. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
