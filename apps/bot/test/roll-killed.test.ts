/** A bot that dies at any write, before or after any command of a rolling restart. */
import type { FleetEvent, HostCommand, HostRow, WorkerStatus } from "@flotilla/contracts";
import { type HostId, parseHostId, parseWorkerId, type WorkerId } from "@flotilla/kernel";
import { CommandSender, consumeHostCommands } from "@flotilla/queue";
import { sharedRedis, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { AlertStore } from "../src/alerts/alert-store.ts";
import { type OwnBot, planRoll } from "../src/upkeep/plan.ts";
import { RollStore } from "../src/upkeep/roll-store.ts";
import { Rolling } from "../src/upkeep/rolling.ts";
import { Bulk } from "../src/workers/bulk-run.ts";
import { BulkStore } from "../src/workers/bulk-store.ts";
import { WorkerStore } from "../src/workers/worker-store.ts";
import { ANN, ASKER, controlDb, HOST, placeAt, statusOf, viewOf, workerView } from "./support.ts";

const OLD = { version: "1.0.0", commit: null };
const NEW = { version: "1.1.0", commit: null };
/** The disk of the second host has other code: its supervisor is restarted with its workers. */
const [A, B] = [HOST, parseHostId("host-b")];
const WORKERS: ReadonlyMap<WorkerId, HostId> = new Map(
  (["a1", "a2", "a3"] as const)
    .map((id) => [parseWorkerId(id), A] as const)
    .concat((["b1", "b2"] as const).map((id) => [parseWorkerId(id), B] as const)),
);

class Killed extends Error {}

/** Hosts behind real queues that restart what they are asked to, and the time. */
class Hosts {
  readonly restarts = new Map<WorkerId, number>();
  /** Events that no bot has taken yet. */
  events: Extract<FleetEvent, { kind: "bulk.progress" }>[] = [];
  readonly handled = new Set<string>();
  runOfB = "run-1";
  #aheadMs = 0;
  readonly clock = {
    now: () => Date.now() + this.#aheadMs,
    monotonicMs: () => performance.now() + this.#aheadMs,
  };

  /** The hosts of another rolling restart. */
  reset(): void {
    this.restarts.clear();
    this.events = [];
    this.runOfB = "run-1";
  }

  pass(ms: number): void {
    this.#aheadMs += ms;
  }

  carryOut(host: HostId, command: HostCommand): void {
    if (command.kind === "start-again" && command.run === this.runOfB) {
      this.runOfB = "run-2";
      for (const [worker, of] of WORKERS) if (of === host) this.#restart(worker);
    }
    if (command.kind === "bulk") {
      for (const worker of command.workers) this.#restart(worker);
      const { id, action, workers } = command;
      const about = { v: 1, id: `e-${id}`, at: this.clock.now(), host, command: id } as const;
      const told = { action, total: workers.length, done: workers, failed: [], current: null };
      this.events.push({ ...about, ...told, kind: "bulk.progress", phase: "done" });
    }
    this.handled.add(command.id);
  }

  rows(): HostRow[] {
    const program = { runs: OLD, onDisk: OLD, isInstalled: true, keptBy: "systemd" } as const;
    const base = { hosts: "several", at: this.clock.now() } as const;
    const isNew = this.runOfB === "run-2";
    const ofB = { ...program, run: this.runOfB, runs: isNew ? NEW : OLD, onDisk: NEW };
    return [
      { ...base, host: A, program: { ...program, run: "run-a" } },
      { ...base, host: B, program: ofB },
    ];
  }

  statuses(): WorkerStatus[] {
    return [...WORKERS].map(([worker, host]) =>
      statusOf(worker, { host, startedAt: this.restarts.get(worker) ?? 0 }),
    );
  }

  #restart(worker: WorkerId): void {
    this.restarts.set(worker, (this.restarts.get(worker) ?? 0) + 1);
  }
}

/** Hosts that take commands from a Redis, and what sends to them. */
async function hostsOnRedis() {
  const place = placeAt((await sharedRedis()).url);
  const hosts = new Hosts();
  for (const host of [A, B]) {
    const handle = async (command: HostCommand): Promise<void> => hosts.carryOut(host, command);
    const consumer = await consumeHostCommands(host, { place, onError: () => {}, handle });
    onTestFinished(() => consumer.close());
  }
  const sender = new CommandSender(place, () => {});
  onTestFinished(() => sender.close());
  await sender.ready();
  return { hosts, sender };
}

/** One rolling restart, whose first bot dies at the n-th point; `died` false = it has fewer. */
async function roll(n: number, { hosts, sender }: Awaited<ReturnType<typeof hostsOnRedis>>) {
  hosts.reset();
  const db = await controlDb();
  const [rolls, bulks] = [new RollStore(db), new BulkStore(db)];
  const workers = new WorkerStore(db);
  for (const [worker, host] of WORKERS) workers.add(worker, host, ANN, 1);
  const alerts = new AlertStore(db, 0);
  let [left, isDead, ends] = [n, false, 0];
  const point = (): void => {
    left -= 1;
    isDead ||= left === 0;
    // A process that was killed does nothing more.
    if (isDead) throw new Killed();
  };
  const write = db.write.bind(db);
  db.write = (sql, params) => {
    point();
    return write(sql, params);
  };
  const sent = new Set<string>();
  const toHost: CommandSender["toHost"] = async (host, command) => {
    point();
    await sender.toHost(host, command);
    sent.add(command.id);
    point();
  };
  const mortal: CommandSender = Object.assign(Object.create(sender), { toHost });
  const { clock } = hosts;
  const id = `roll-${n}`;
  const bot = (run: string): { readonly own: OwnBot; readonly rolling: Rolling } => {
    const own: OwnBot = { run, keptBy: "systemd", isStartable: () => true };
    const bulk = new Bulk({ sender: mortal, store: bulks, clock });
    const endBot = (): void => {
      point();
      ends += 1;
      throw new Killed();
    };
    const parts = { rolls, bulk, bulks, workers, alerts, clock, own };
    return { own, rolling: new Rolling({ ...parts, sender: mortal, endBot }) };
  };
  const views = viewOf(
    [...WORKERS].map(([worker, host]) => ({ ...workerView(worker), host })),
    { now: clock.now() },
  );
  /** What a bot does until the roll ends, or it does. The press comes again after a kill. */
  const live = async ({ own, rolling }: ReturnType<typeof bot>): Promise<void> => {
    if (!rolls.find(id)) rolling.begin(planRoll(views, hosts.rows(), own), ASKER, id);
    while (rolls.find(id)?.end === null) {
      await waitFor(() => [...sent].every((each) => hosts.handled.has(each)), {
        what: "the hosts to carry out what was sent",
      });
      for (const event of hosts.events) bulks.report(event);
      hosts.events = [];
      await rolling.look(hosts.rows(), hosts.statuses());
      hosts.pass(3000);
    }
  };
  let died = false;
  for (let life = 1; rolls.find(id)?.end == null; life += 1) {
    await live(bot(`bot-${life}`)).catch((error: unknown) => {
      if (!(error instanceof Killed)) throw error;
    });
    died ||= isDead;
    isDead = false;
  }
  return { died, ends, end: rolls.find(id) };
}

test("the next bot carries it on: each worker is restarted once, and it ends", async () => {
  const world = await hostsOnRedis();
  for (let n = 1; ; n += 1) {
    const { died, ends, end } = await roll(n, world);
    const what = `a bot that dies at point ${n}`;
    expect(end?.end, what).toMatchObject({ how: "done", why: null, isLossFree: true });
    expect(
      end?.steps.map(({ kind, state }) => `${kind} ${state}`),
      what,
    ).toEqual(["trial done", "workers done", "supervisor done", "bot done"]);
    const once = [...WORKERS.keys()].map((worker) => [worker, 1]);
    expect([...world.hosts.restarts].toSorted(), what).toEqual(once);
    expect(ends, what).toBeLessThanOrEqual(1);
    if (died) continue;
    expect(ends, "without a death the bot ends itself").toBe(1);
    // Ten saves at least, three commands, and what bulk acts write.
    expect(n).toBeGreaterThan(20);
    return;
  }
});
