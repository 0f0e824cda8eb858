import { join } from "node:path";
import { redisProgram } from "@flotilla/config";
import { isAlive, startRedis } from "@flotilla/testkit";
import type { Bench, Measured } from "../lib/bench.ts";
import { median, quantile, rounded } from "../lib/stats.ts";
import { type Keeper, pause, signal, soon } from "./keeper.ts";
import { ours } from "./ours.ts";
import { pm2, supervisord } from "./peers.ts";

/** Least lifetime of a process: PM2 counts an exit within its first second as a crash loop. */
const SETTLE_MS = 1500;
/** Time after the kill at which a live process counts as left. */
const ORPHAN_MS = 200;

const bench: Bench = {
  summary:
    "restart of a killed process, and processes left by a killed supervisor: beside PM2 and supervisord",
  async run({ quick, dir, skip }) {
    if (process.platform !== "linux") {
      skip("everything: processes are looked up in /proc.");
      return [];
    }
    await using stack = new AsyncDisposableStack();
    const server = redisProgram();
    if (server === null) throw new Error("no redis-server was found");
    const redis = stack.use(await startRedis({ server, persistence: "aof" }));
    const own = stack.use(await ours(join(dir, "ours"), redis.url));
    const peers = [
      await pm2(join(dir, "pm2"), skip),
      await supervisord(join(dir, "supervisord"), skip),
    ];
    const keepers = [own, ...peers.filter((peer) => peer !== null).map((peer) => stack.use(peer))];
    const rounds = quick ? 2 : 11;
    const peer = keepers[1]?.name ?? null;
    return [
      ...(await restarts(keepers, rounds, peer)),
      ...(await hang(own, rounds)),
      ...(await orphans(keepers, rounds, "idle")),
      ...(await orphans(keepers, rounds, "stopped")),
    ];
  },
};
export default bench;

/** Time from kill -9 of the kept process to its successor, with restart delays set to 0. */
async function restarts(
  keepers: readonly Keeper[],
  rounds: number,
  peer: string | null,
): Promise<Measured[]> {
  const took = keepers.map((): number[] => []);
  for (let n = 0; n < rounds; n++) {
    await pause(SETTLE_MS);
    for (const [at, keeper] of keepers.entries()) took[at]?.push(await replaced(keeper, "SIGKILL"));
  }
  const peers = took[1];
  return keepers.map(({ name }, at) => {
    const ratios = (took[at] ?? []).map((ms, n) => ms / (peers?.[n] ?? ms));
    const compared = peer !== null && at !== 1;
    return line(
      `kill -9 → next process: ${name}`,
      took[at] ?? [],
      compared ? { peer, ratio: rounded(median(ratios)) } : null,
    );
  });
}

/** Time from SIGSTOP to the successor; the peers never replace a stopped process. */
async function hang(own: Keeper, rounds: number): Promise<Measured[]> {
  const took: number[] = [];
  for (let n = 0; n < Math.ceil(rounds / 3); n++) {
    await pause(SETTLE_MS * 2);
    took.push(await replaced(own, "SIGSTOP"));
  }
  return [line(`SIGSTOP → next process: ${own.name}`, took, null)];
}

async function replaced(keeper: Keeper, name: NodeJS.Signals): Promise<number> {
  const before = await soon(() => keeper.kept(), `the process of ${keeper.name}`);
  const began = performance.now();
  signal(before, name);
  await soon(() => {
    const now = keeper.kept();
    return now !== null && now !== before;
  }, `the next process of ${keeper.name}`);
  return performance.now() - began;
}

/** Processes left 200 ms after kill -9 of the supervisor: each would use a session twice. */
async function orphans(
  keepers: readonly Keeper[],
  rounds: number,
  how: "idle" | "stopped",
): Promise<Measured[]> {
  const left = keepers.map(() => 0);
  for (let n = 0; n < rounds; n++) {
    for (const [at, keeper] of keepers.entries()) {
      const kept = await soon(() => keeper.kept(), `the process of ${keeper.name}`);
      await pause(ORPHAN_MS);
      if (how === "stopped") signal(kept, "SIGSTOP");
      signal(keeper.keeper, "SIGKILL");
      await pause(ORPHAN_MS);
      if (isAlive(kept)) left[at] = (left[at] ?? 0) + 1;
      signal(kept, "SIGKILL");
      await soon(() => !isAlive(kept), "the end of an orphan");
      await keeper.again();
    }
  }
  return keepers.map(({ name }, at) => ({
    name: `left after kill -9 of the keeper, ${how}: ${name}`,
    unit: `of ${rounds}`,
    value: left[at] ?? 0,
    p50: null,
    p99: null,
    n: rounds,
    peer: null,
    ratio: null,
  }));
}

function line(
  name: string,
  tookMs: readonly number[],
  against: { peer: string; ratio: number } | null,
): Measured {
  const [value, p99] = [rounded(median(tookMs)), rounded(quantile(tookMs, 0.99))];
  return {
    name,
    unit: "ms",
    value,
    p50: value,
    p99,
    n: tookMs.length,
    peer: against?.peer ?? null,
    ratio: against?.ratio ?? null,
  };
}
