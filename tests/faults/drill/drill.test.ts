/**
 * Three hosts, a Redis that fails over, and everything that can be lost, one after the other. The
 * whole drill with 30 accounts: `npm run faults -- --drill`.
 */
import { expect, inject, test } from "vitest";
import { Drill, HOSTS, type HostName } from "./rig.ts";

const { drill: isWhole } = inject("faults");
const [WORKERS, ROUTES] = isWhole ? [30, 6] : [9, 3];
/** A lost host: lease and grace, and 5 s (docs/adr/0018-floating-workers.md). */
const TAKEN_OVER_S = 35;
const AFTER_FAILOVER_S = 15;
/** A worker without its lease leaves before that ends. */
const LEASE_S = 20;

test.skipIf(process.platform !== "linux")(
  "hosts are lost, frozen and come back, Redis fails over: no session twice, no message lost or doubled",
  { timeout: 1_800_000 },
  async () => {
    const drill = await Drill.start(WORKERS);
    const print = (line: string): void => {
      if (isWhole) process.stdout.write(`${line}\n`);
    };
    const note = (what: string, seconds: number, limit?: number): void => {
      const goal = limit === undefined ? "" : ` (at most ${limit} s)`;
      print(`${what}: ${seconds.toFixed(1)} s${goal}`);
    };
    const floating = async (host: HostName) =>
      (await drill.there(host)).filter(({ floats }) => floats);
    const of = (...homes: HostName[]) => drill.members.filter(({ home }) => homes.includes(home));
    await drill.float();
    await drill.relay(ROUTES);

    const lost = await floating("b");
    await drill.lose("b");
    const afterLoss = await drill.untilOn(lost, ["a", "c"]);
    note(
      "host-b is lost; its floating workers are on Telegram from other hosts",
      afterLoss,
      TAKEN_OVER_S,
    );
    await drill.comeBack("b");
    note("host-b is back; its other workers are on Telegram", await drill.untilOn(of("b"), HOSTS));

    const frozen = await floating("c");
    drill.freeze("c");
    note(
      "host-c stands still; its floating workers are elsewhere",
      await drill.untilOn(frozen, ["a", "b"]),
      TAKEN_OVER_S,
    );
    drill.thaw("c");
    note("host-c goes on; all workers are on Telegram", await drill.untilOn(drill.members, HOSTS));

    const alone = await floating("b");
    drill.cutOff();
    const left = await drill.untilAtMost(0, "b");
    note("host-b has no Redis; none of its workers is on Telegram from there", left, LEASE_S);
    const cut = left + (await drill.untilOn(alone, ["a", "c"]));
    note("host-b has no Redis; its floating workers are elsewhere", cut, TAKEN_OVER_S);
    drill.plugIn();
    note(
      "host-b has Redis; all workers are on Telegram",
      await drill.untilOn(drill.members, HOSTS),
    );

    const drained = (await drill.there("c")).length;
    expect(drained).toBeGreaterThan(1);
    await drill.drain("c");
    await drill.untilAtMost(drained - 1, "c");
    await drill.failOver();
    const draining = await drill.untilDrained("c");
    note("Redis has another master in the middle of a drain; the drain is over", draining);
    // A move that meets the failover may go back: its card says so, and the worker is where it was.
    const stayed = (await drill.there("c")).length;
    expect(stayed).toBeLessThan(drained);
    print(`${drained - stayed} of ${drained} workers left host-c in that drain`);
    note("all are on Telegram", await drill.untilOn(drill.members, HOSTS));
    await drill.reviveRedis();
    await drill.endDrain("c");

    await drill.failOver();
    const afterFailover = await drill.lastMissing(drill.members, 40_000);
    note("Redis has another master; none is missing after", afterFailover, AFTER_FAILOVER_S);

    const withBot = await floating("a");
    expect(lost.length * frozen.length * withBot.length).toBeGreaterThan(0);
    await drill.lose("a");
    const withoutBot = await drill.untilOn(withBot, ["b", "c"]);
    note(
      "the host of the bot is lost; its floating workers are elsewhere",
      withoutBot,
      TAKEN_OVER_S,
    );
    await drill.takeOverBot("b");
    const chat = drill.chat();
    await chat.say("/workers");
    await chat.shows(/acc_01/);
    await drill.comeBack("a");
    note("host-a is back; all workers are on Telegram", await drill.untilOn(drill.members, HOSTS));

    const { posted, wrong } = await drill.settle();
    print(`${posted} messages posted over ${ROUTES} routes between hosts, every tenth a photo`);
    expect(wrong).toEqual([]);
    expect(await drill.usedTwice()).toEqual([]);
    for (const seconds of [afterLoss, cut, withoutBot]) expect(seconds).toBeLessThan(TAKEN_OVER_S);
    expect(left).toBeLessThan(LEASE_S);
    expect(afterFailover).toBeLessThan(AFTER_FAILOVER_S);
  },
);
