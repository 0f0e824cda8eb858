/** The move of a worker: which host has it, whatever dies at whichever step. */
import type { HostRow } from "@flotilla/contracts";
import { type HostId, parseHostId } from "@flotilla/kernel";
import { describe, expect, test } from "vitest";
import { type Move, ownerOf } from "../src/moves/move.ts";
import { MoveStore } from "../src/moves/move-store.ts";
import { Moving, type MovingDeps } from "../src/moves/moving.ts";
import { problemOfTarget } from "../src/moves/targets.ts";
import { CommandStore } from "../src/workers/command-store.ts";
import { WorkerStore } from "../src/workers/worker-store.ts";
import { ASKER, controlDb, HOST, NOW, statusOf, TestClock, WORKER } from "./support.ts";

const [A, B] = [HOST, parseHostId("host-b")];
const RUNS = { version: "0.2.0", commit: null };
const rowOf = (host: HostId, at: number, more: Partial<HostRow> = {}): HostRow => ({
  host,
  hosts: "several",
  at,
  program: { run: "1", runs: RUNS, onDisk: RUNS, isInstalled: true, keptBy: null },
  capacity: { memoryBytes: 8, freeBytes: 8, cores: 1, load: 0, workers: {}, room: 1 },
  ...more,
});

class Killed extends Error {}

/** What two hosts have of the worker. A session without a process is `idle`. */
type Has = "running" | "idle" | "none";

/** Two hosts that do what they are asked as the real ones do: twice is as good as once. */
class Hosts {
  readonly has = new Map<HostId, Has>([
    [A, "running"],
    [B, "none"],
  ]);
  /** True = both ran it at a time. */
  ranTwice = false;
  packed = false;
  failing = new Map<string, { readonly code: string; readonly message: string }>();
  dead = new Set<HostId>();

  carryOut(verb: string, host: HostId): "done" | { code: string; message: string } {
    const failure = this.failing.get(verb);
    if (failure) return failure;
    if (verb === "move.pack") {
      this.has.set(host, "idle");
      this.packed = true;
    } else if (verb === "move.unpack") {
      if (!this.packed) return { code: "move-parcel-gone", message: "gone" };
      this.has.set(host, "idle");
    } else if (verb === "start") this.has.set(host, "running");
    else this.has.set(host, "none");
    this.ranTwice ||= [...this.has.values()].filter((each) => each === "running").length > 1;
    return "done";
  }

  running(): HostId[] {
    return [...this.has].flatMap(([host, has]) => (has === "running" ? host : []));
  }
}

async function world(wasRunning = true) {
  const db = await controlDb();
  const clock = new TestClock();
  const [moves, workers, commandLog] = [
    new MoveStore(db),
    new WorkerStore(db),
    new CommandStore(db),
  ];
  workers.add(WORKER, A, "777", NOW);
  const hosts = new Hosts();
  if (!wasRunning) hosts.has.set(A, "idle");
  /** Dies at this point of all that a life writes and asks; negative = never. */
  let left = -1;
  const point = (): void => {
    if (left === 0) throw new Killed();
    left -= 1;
  };
  const asked: string[] = [];
  const commands: MovingDeps["commands"] = {
    moveStep: async (verb, host, { worker, by }) => {
      point();
      commandLog.ask(by.id, worker, verb, by.asker, clock.now());
      point();
      asked.push(`${verb}@${host}`);
      if (hosts.dead.has(host)) return { kind: "sent", id: by.id };
      const result = hosts.carryOut(verb, host);
      const outcome =
        result === "done" ? { kind: result } : ({ kind: "failed", ...result } as const);
      commandLog.end(by.id, outcome, clock.now());
      point();
      return { kind: "sent", id: by.id };
    },
  };
  const watched = Object.assign(Object.create(moves) as MoveStore, {
    find: (id: string) => moves.find(id),
    of: (id: string) => moves.of(id),
    allUnderWay: () => moves.allUnderWay(),
    save: (move: Move) => {
      point();
      moves.save(move);
      point();
    },
  });
  const life = () => new Moving({ db, moves: watched, workers, commands, commandLog, clock });
  const statuses = () =>
    hosts.running().map((host) => statusOf(WORKER, { host, updatedAt: clock.now() }));
  const rows = () =>
    [A, B].map((host) => rowOf(host, hosts.dead.has(host) ? NOW - 600_000 : clock.now()));
  let moving = life();
  const owners = new Set<string>();
  return {
    hosts,
    moves,
    workers,
    clock,
    asked,
    dieAt: (n: number) => {
      left = n;
    },
    begin: () => {
      const row = workers.find(WORKER);
      const status = statusOf(WORKER, wasRunning ? {} : { state: "STOPPED", pid: null });
      if (row) moving.begin(row, B, status, { asker: ASKER, id: "move-1" });
    },
    cancel: () => moving.cancel("move-1"),
    forget: (host: HostId) => moving.forgetHost(host),
    /** Looks until it is over; a bot that dies is another one at the next look. */
    run: async (looks = 60) => {
      let deaths = 0;
      for (let n = 0; n < looks && moves.allUnderWay().length > 0; n += 1) {
        clock.ms += 2000;
        commandLog.giveUp(clock.now() - 60_000, clock.now());
        try {
          await moving.look(rows(), statuses());
        } catch (error) {
          if (!(error instanceof Killed)) throw error;
          deaths += 1;
          left = -1;
          moving = life();
        }
        const [move] = moves.allUnderWay();
        // The list and the move say the same, also between a death and the next life.
        if (move) expect(workers.find(WORKER)?.host).toBe(ownerOf(move));
        owners.add(String(workers.find(WORKER)?.host));
      }
      return deaths;
    },
  };
}

describe("a move", () => {
  test("goes through its steps, and the other host has the worker", async () => {
    const it = await world();
    it.begin();
    await it.run();
    expect(it.asked).toEqual([
      `move.pack@${A}`,
      `move.unpack@${B}`,
      `start@${B}`,
      `move.clear@${A}`,
    ]);
    expect(it.hosts.running()).toEqual([B]);
    expect(it.moves.find("move-1")?.end?.how).toBe("moved");
    expect(it.workers.find(WORKER)?.host).toBe(B);
  });

  test("of a stopped worker starts it nowhere", async () => {
    const it = await world(false);
    it.begin();
    await it.run();
    expect(it.asked).not.toContain(`start@${B}`);
    expect([...it.hosts.has]).toEqual([
      [A, "none"],
      [B, "idle"],
    ]);
  });

  test.each([
    ["pack", A, A, "back"],
    ["unpack", A, A, "back"],
    ["clear", A, B, "moved"],
    ["unpack", B, A, "back"],
    ["start", B, B, "moved"],
  ] as const)(
    "in %s is over when %s was forgotten, and %s has the worker",
    async (step, gone, owner, how) => {
      const it = await world();
      it.begin();
      for (let n = 0; n < 60 && it.moves.find("move-1")?.step !== step; n += 1) await it.run(1);
      expect(it.moves.find("move-1")).toMatchObject({ step, end: null });
      it.hosts.dead.add(gone);
      it.forget(gone);
      await it.run();
      expect(it.moves.find("move-1")?.end?.how).toBe(how);
      expect(it.workers.find(WORKER)?.host).toBe(owner);
      expect(it.hosts.running().length).toBeLessThan(2);
    },
  );

  test("arrives after the bot died at any of its writes and questions", async () => {
    for (let n = 0; ; n += 1) {
      const it = await world();
      it.begin();
      it.dieAt(n);
      const deaths = await it.run();
      expect(`${n}: ${it.hosts.running().join()} ${it.hosts.ranTwice}`).toBe(`${n}: ${B} false`);
      expect(it.moves.find("move-1")?.end?.how).toBe("moved");
      if (deaths === 0) break;
      expect(n).toBeLessThan(60);
    }
  });

  test("goes back when the bot dies at any point of a move that fails", async () => {
    for (let n = 0; ; n += 1) {
      const it = await world();
      it.hosts.failing.set("move.unpack", { code: "disk-full", message: "full" });
      it.begin();
      it.dieAt(n);
      const deaths = await it.run();
      expect(`${n}: ${it.hosts.running().join()} ${it.hosts.ranTwice}`).toBe(`${n}: ${A} false`);
      expect(it.moves.find("move-1")).toMatchObject({
        end: { how: "back" },
        why: { code: "disk-full" },
      });
      if (deaths === 0) break;
    }
  });

  const steps = ["move.pack", "move.unpack", "start", "move.clear"] as const;
  for (const [n, verb] of steps.entries())
    for (const host of [A, B])
      test(`has one owner when ${host} dies before ${verb} and comes back`, async () => {
        const it = await world();
        it.begin();
        await it.run(n);
        it.hosts.dead.add(host);
        await it.run(60);
        expect(it.hosts.ranTwice).toBe(false);
        it.hosts.dead.clear();
        await it.run(200);
        expect(it.moves.allUnderWay()).toEqual([]);
        expect(it.hosts.running()).toEqual([it.workers.find(WORKER)?.host]);
        expect(it.hosts.ranTwice).toBe(false);
      });

  test("is cancelled while nothing was started, and not afterwards", async () => {
    const it = await world();
    it.begin();
    await it.run(1);
    expect(it.cancel()).toBe(true);
    await it.run();
    expect(it.moves.find("move-1")).toMatchObject({ end: { how: "back" }, why: null });
    expect(it.hosts.running()).toEqual([A]);
    const late = await world();
    late.begin();
    await late.run(3);
    expect(late.moves.find("move-1")?.step).toBe("start");
    expect(late.cancel()).toBe(false);
  });

  test("packs once more when the parcel is gone, three times at most", async () => {
    const it = await world();
    it.hosts.failing.set("move.unpack", { code: "move-parcel-gone", message: "gone" });
    it.begin();
    await it.run();
    expect(it.asked.filter((each) => each === `move.pack@${A}`)).toHaveLength(3);
    expect(it.hosts.running()).toEqual([A]);
  });

  test("goes back when the worker does not run on the new host", async () => {
    const it = await world();
    it.begin();
    await it.run(2);
    it.hosts.failing.set("start", { code: "session-locked", message: "locked" });
    await it.run(2);
    expect(it.moves.find("move-1")?.why?.code).toBe("session-locked");
    it.hosts.failing.clear();
    await it.run();
    expect(it.hosts.running()).toEqual([A]);
  });
});

test("a host that cannot take a worker says why", () => {
  const at = (more: Partial<HostRow> = {}) => rowOf(B, NOW, more);
  const problem = (to: HostRow | null, isDrained = false) =>
    problemOfTarget({ from: rowOf(A, NOW), to, isDrained, now: NOW });
  const versioned = (version: string) => {
    const runs = { version, commit: null };
    return at({ program: { run: "1", runs, onDisk: runs, isInstalled: true, keptBy: null } });
  };
  expect(problem(at())).toBeNull();
  expect(problem(at(), true)).toBe("drained");
  expect(problem(null)).toBe("silent");
  expect(problem(rowOf(B, NOW - 31_000))).toBe("silent");
  expect(problem(at({ hosts: "one" }))).toBe("one");
  expect(problem({ host: B, hosts: "several", at: NOW })).toBe("older");
  expect(problem(versioned("0.3.1"))).toBeNull();
  expect(problem(versioned("0.4.0"))).toBe("version");
  expect(problem(versioned("1.2.0"))).toBe("version");
  const full = { memoryBytes: 8, freeBytes: 0, cores: 1, load: 0, workers: {}, room: 0 };
  expect(problem(at({ capacity: full }))).toBe("full");
});
