import { sleep } from "@flotilla/kernel";
import { isAlive, waitFor } from "@flotilla/testkit";
import type { HostName, Rig } from "./rig.ts";

/** Random numbers in [0, 1), equal for equal seeds (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * One fault, of a length decided by `random`. Resolves when the fault is over, not the recovery.
 */
export type Round = (rig: Rig, random: () => number) => Promise<void>;

const other = (host: HostName): HostName => (host === "a" ? "b" : "a");

/** Signals a process that may have ended. */
function signal(pid: number | null, name: NodeJS.Signals): void {
  if (pid !== null && isAlive(pid)) process.kill(pid, name);
}

async function frozen(pid: number | null, forMs: number): Promise<void> {
  signal(pid, "SIGSTOP");
  await sleep(forMs);
  signal(pid, "SIGCONT");
}

/** The length of a fault, not a wait for a condition. */
async function redisAway(rig: Rig, forMs: number): Promise<void> {
  await rig.redis.kill9();
  await sleep(forMs);
  await rig.redis.restart();
}

/** Makes host b the owner of the session, so that the test can pull its cables. */
async function ownedByB(rig: Rig): Promise<void> {
  if ((await rig.stable()) === "a") {
    await rig.ask("a", "stop");
    await takenBy(rig, "b");
    await rig.ask("a", "start");
  }
  await rig.guarded();
}

async function takenBy(rig: Rig, host: HostName): Promise<void> {
  const options = {
    timeoutMs: 90_000,
    intervalMs: 50,
    what: `host ${host} to take the session over`,
  };
  await waitFor(async () => (await rig.owner()) === host, options).catch((cause: unknown) => {
    throw new Error(`${options.what}; its supervisor said last:\n${rig.lastLines(host)}`, {
      cause,
    });
  });
}

function cutOff(what: "everything" | "redis"): Round {
  return async (rig, random) => {
    await ownedByB(rig);
    rig.cutOff(what);
    await takenBy(rig, "a");
    await sleep(random() * 2000);
    rig.plugIn();
  };
}

/** Every fault by its name. */
export const ROUNDS = {
  "kill -9 of the worker": async (rig) => {
    signal(rig.workerOf(await rig.stable()), "SIGKILL");
  },
  "SIGSTOP and SIGCONT of the worker": async (rig, random) => {
    await frozen(rig.workerOf(await rig.stable()), 200 + random() * 5000);
  },
  "a second start by hand on the same host": async (rig) => {
    const { code } = await rig.startByHand(await rig.stable());
    if (code !== 1) throw new Error(`the second process ended with ${code}`);
  },
  "a second start by hand on the other host": async (rig) => {
    const { code } = await rig.startByHand(other(await rig.stable()));
    if (code !== 1) throw new Error(`the second process ended with ${code}`);
  },
  "kill -9 of the supervisor": async (rig) => {
    const host = await rig.stable();
    const [supervisor, worker] = [rig.supervisorOf(host), rig.workerOf(host)];
    signal(supervisor, "SIGKILL");
    await waitFor(() => worker === null || !isAlive(worker), {
      timeoutMs: 45_000,
      what: "the worker to die with its supervisor",
    });
    if (host === "b") rig.startHostB();
  },
  "kill -9 of the supervisor of a frozen worker": async (rig) => {
    const host = await rig.stable();
    const [supervisor, worker] = [rig.supervisorOf(host), rig.workerOf(host)];
    signal(worker, "SIGSTOP");
    signal(supervisor, "SIGKILL");
    await waitFor(() => worker === null || !isAlive(worker), {
      timeoutMs: 45_000,
      what: "the frozen worker to die",
    });
    if (host === "b") rig.startHostB();
  },
  "SIGSTOP and SIGCONT of the supervisor": async (rig, random) => {
    await frozen(rig.supervisorOf(await rig.stable()), 500 + random() * 5000);
  },
  "stop on one host, the other takes over": async (rig) => {
    const host = await rig.stable();
    await rig.ask(host, "stop");
    await takenBy(rig, other(host));
    await rig.ask(host, "start");
  },
  "Redis restarted": async (rig) => await rig.redis.restart(),
  "kill -9 of Redis": async (rig, random) => await redisAway(rig, random() * 4000),
  "Redis and worker killed together": async (rig, random) => {
    const worker = rig.workerOf(await rig.stable());
    await rig.redis.kill9();
    signal(worker, "SIGKILL");
    await sleep(random() * 3000);
    await rig.redis.restart();
  },
  "a worker that hangs": async (rig) => {
    const host = await rig.stable();
    const worker = rig.workerOf(host);
    signal(worker, "SIGSTOP");
    await waitFor(() => worker === null || !isAlive(worker), {
      timeoutMs: 45_000,
      what: "the hung worker to be replaced",
    });
  },
  "a second start from another PID namespace": async (rig) => {
    const started = await rig.startInOtherNamespace(await rig.stable());
    if (started && started.code !== 1)
      throw new Error(`the second process ended with ${started.code}`);
  },
  "supervisor and worker frozen together": async (rig, random) => {
    const host = await rig.stable();
    const frozenOnes = [rig.supervisorOf(host), rig.workerOf(host)];
    for (const pid of frozenOnes) signal(pid, "SIGSTOP");
    await sleep(200 + random() * 5000);
    for (const pid of frozenOnes) signal(pid, "SIGCONT");
  },
  "connections dropped": async (rig) => await rig.dropLinks(),
} satisfies Readonly<Record<string, Round>>;

/** Faults of the long run only: each takes longer than a lease. */
export const LONG_ROUNDS: Readonly<Record<string, Round>> = {
  ...ROUNDS,
  "Redis away for longer than a lease": async (rig, random) =>
    await redisAway(rig, 12_000 + random() * 8000),
  "a frozen machine, taken over by the other": async (rig, random) => {
    const host = await rig.guarded();
    const frozenOnes = [rig.supervisorOf(host), rig.workerOf(host)];
    for (const pid of frozenOnes) signal(pid, "SIGSTOP");
    await takenBy(rig, other(host));
    await sleep(random() * 2000);
    for (const pid of frozenOnes) signal(pid, "SIGCONT");
  },
  "Redis comes back empty while a holder sleeps": async (rig, random) => {
    const host = await rig.guarded();
    const frozenOnes = [rig.supervisorOf(host), rig.workerOf(host)];
    for (const pid of frozenOnes) signal(pid, "SIGSTOP");
    await takenBy(rig, other(host));
    await rig.redis.command("FLUSHALL");
    await rig.redis.restart();
    await sleep(random() * 2000);
    for (const pid of frozenOnes) signal(pid, "SIGCONT");
    await sleep(random() * 5000);
  },
  "a machine that is cut off, taken over by the other": cutOff("everything"),
  "a machine that is cut off from Redis alone": cutOff("redis"),
};
