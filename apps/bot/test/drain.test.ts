/** The drain of a host: each worker is handled once, one at a time, whatever is answered and dies. */
import { type HostRow, STATE_TABLE, WorkerState, type WorkerStatus } from "@flotilla/contracts";
import { type HostId, parseHostId, parseWorkerId, type WorkerId } from "@flotilla/kernel";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { advance, entryOf, idOf, inHand, type World } from "../src/drains/advance.ts";
import { Draining, type DrainingDeps } from "../src/drains/draining.ts";
import type { Drain } from "../src/hosts/drain.ts";
import { DrainStore } from "../src/hosts/drain-store.ts";
import type { Move } from "../src/moves/move.ts";
import { MoveStore } from "../src/moves/move-store.ts";
import { Moving } from "../src/moves/moving.ts";
import { BulkStore } from "../src/workers/bulk-store.ts";
import { type CommandRow, CommandStore } from "../src/workers/command-store.ts";
import { WorkerStore } from "../src/workers/worker-store.ts";
import { MOVES } from "./golden/moves.ts";
import { ASKER, controlDb, HOST, NOW, statusOf, TestClock } from "./support.ts";

const [A, B] = [HOST, parseHostId("host-b")];
const RUNS = { version: "0.2.0", commit: null };
const rowOf = (host: HostId, at: number): HostRow => ({
  host,
  hosts: "several",
  at,
  program: { run: "1", runs: RUNS, onDisk: RUNS, isInstalled: true, keptBy: null },
  capacity: { memoryBytes: 8, freeBytes: 8, cores: 1, load: 0, workers: {}, room: 9 },
});
const names = (count: number): WorkerId[] =>
  Array.from({ length: count }, (_, n) => parseWorkerId(`w${n}`));
const begun = (how: Drain["how"], workers: readonly WorkerId[]): Drain => ({
  id: "drain",
  host: A,
  asker: ASKER,
  askedAt: NOW,
  how,
  entries: workers.map((id) => entryOf({ id })),
  cancelling: false,
  overAt: null,
  end: null,
});
const moveOf = (id: string, worker: WorkerId, how: "moved" | "back" | null): Move => ({
  ...(MOVES["move-begun"] as Move),
  id,
  worker,
  why: how === "back" ? { code: "disk-full", message: "full" } : null,
  end: how && { at: NOW, how },
});

/** Hosts that answer what a test draws, in the order that it draws. */
class Answers {
  readonly host = new Map<WorkerId, HostId>();
  readonly state = new Map<WorkerId, WorkerState>();
  readonly moves = new Map<string, Move>();
  readonly commands = new Map<string, CommandRow>();
  readonly foreign = new Set<WorkerId>();
  isHeard = true;
  target: HostId | null = B;

  constructor(workers: readonly WorkerId[]) {
    for (const worker of workers) this.add(worker);
  }

  add(worker: WorkerId): void {
    this.host.set(worker, A);
    this.state.set(worker, "RUNNING");
  }

  world(): World {
    return {
      now: NOW,
      isHeard: this.isHeard,
      workers: [...this.host].map(([id, host]) => ({ id, host, hostGone: false })),
      status: (worker) => {
        const state = this.state.get(worker);
        return state ? statusOf(worker, { state }) : null;
      },
      move: (id) => this.moves.get(id) ?? null,
      isMoving: (worker) =>
        this.foreign.has(worker) ||
        [...this.moves.values()].some((move) => move.worker === worker && move.end === null),
      command: (id) => this.commands.get(id) ?? null,
      target: () => this.target,
    };
  }

  /** What the drain asks for is under way, as `Draining` begins it. */
  ask(drain: Drain): string | null {
    const n = inHand(drain);
    const entry = drain.entries[n];
    if (!entry) return null;
    const id = idOf(drain, n);
    if (drain.how === "move" && !this.moves.has(id))
      this.moves.set(id, moveOf(id, entry.worker, null));
    if (drain.how === "stop" && !this.commands.has(id))
      this.commands.set(id, commandOf(id, entry.worker, "asked"));
    return id;
  }

  answer(id: string, worker: WorkerId, isGood: boolean): void {
    const move = this.moves.get(id);
    if (move?.end === null) {
      this.moves.set(id, moveOf(id, worker, isGood ? "moved" : "back"));
      if (isGood) this.host.set(worker, B);
    }
    if (this.commands.get(id)?.state === "asked")
      this.commands.set(id, commandOf(id, worker, isGood ? "done" : "unanswered"));
  }
}

function commandOf(id: string, worker: WorkerId, state: CommandRow["state"]): CommandRow {
  const about = { id, worker, verb: "stop", askerId: "1", askerName: "Ann", askedAt: NOW };
  return { ...about, state, endedAt: null, result: null, code: null };
}

/** What may happen between two looks. */
const event = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("good" as const, "bad" as const) },
  { weight: 2, arbitrary: fc.constantFrom("silent" as const, "heard" as const, "full" as const) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("added" as const, "login" as const, "foreign" as const),
  },
);

describe("a drain", () => {
  test.each(["move", "stop"] as const)("by %s handles each worker once, and ends", (how) => {
    const run = fc.property(fc.integer({ min: 0, max: 6 }), fc.array(event), (count, events) => {
      const it = new Answers(names(count));
      let drain = begun(how, names(count));
      const asked = new Map<string, WorkerId>();
      const step = (): void => {
        drain = advance(drain, it.world());
        expect(drain.entries.filter(({ state }) => state === "begun").length).toBeLessThan(2);
        const open = [...it.moves.values()].filter(({ end }) => end === null);
        expect(open.length).toBeLessThan(2);
        const id = it.ask(drain);
        const entry = drain.entries[inHand(drain)];
        if (id && entry) asked.set(id, entry.worker);
      };
      const answer = (isGood: boolean): void => {
        const entry = drain.entries[inHand(drain)];
        if (entry) it.answer(idOf(drain, inHand(drain)), entry.worker, isGood);
      };
      for (const [n, happens] of events.entries()) {
        step();
        const some = parseWorkerId(`w${n % Math.max(1, count)}`);
        if (happens === "good" || happens === "bad") answer(happens === "good");
        else if (happens === "silent" || happens === "heard") it.isHeard = happens === "heard";
        else if (happens === "full") it.target = it.target === null ? B : null;
        else if (happens === "added") it.add(parseWorkerId(`new${n}`));
        else if (happens === "login" && it.host.has(some)) it.state.set(some, "LOGGING_IN");
        else if (it.host.has(some)) it.foreign.add(some);
      }
      // From here the world is calm: what is open ends.
      it.isHeard = true;
      it.foreign.clear();
      for (let n = 0; n < 60; n += 1) {
        step();
        answer(true);
      }
      expect(drain.overAt).not.toBeNull();
      expect(advance(drain, it.world())).toEqual(drain);
      for (const { state } of drain.entries) expect(["done", "left"]).toContain(state);
      const handled = drain.entries.map(({ worker }) => worker);
      expect(handled.toSorted()).toEqual([...it.host.keys()].toSorted());
      if (how === "move") expect(asked.size).toBe(new Set(asked.values()).size);
    });
    fc.assert(run, { numRuns: 300 });
  });

  const one = (state: WorkerState | null, more: Partial<Answers> = {}) => {
    const it = Object.assign(new Answers(names(1)), more);
    if (state === null) it.state.clear();
    else it.state.set(parseWorkerId("w0"), state);
    return it;
  };
  const first = (how: Drain["how"], it: Answers) => advance(begun(how, names(1)), it.world());

  test("names why a worker stays", () => {
    const codeOf = (it: Answers) => first("move", it).entries[0]?.why?.code;
    expect(codeOf(one("RUNNING", { target: null }))).toBe("drain-nowhere");
    expect(codeOf(one("LOGGING_IN"))).toBe("drain-login");
    expect(codeOf(one(null))).toBe("drain-unknown");
    const gone = one("RUNNING");
    gone.host.clear();
    expect(first("move", gone).entries[0]).toMatchObject({
      state: "done",
      why: { code: "drain-gone" },
    });
  });

  test("waits for a host that is silent, and for a move of others", () => {
    const silent = first("move", one("RUNNING", { isHeard: false }));
    expect(silent).toMatchObject({ overAt: null, entries: [{ state: "waiting" }] });
    const moved = one("RUNNING");
    moved.foreign.add(parseWorkerId("w0"));
    const waits = first("move", moved);
    expect(waits).toMatchObject({ overAt: null, entries: [{ state: "waiting" }] });
    moved.foreign.clear();
    moved.host.set(parseWorkerId("w0"), B);
    expect(advance(waits, moved.world()).entries[0]).toMatchObject({ state: "done", to: B });
  });

  test("by stop leaves what is stopped, and starts only the others again", () => {
    for (const state of WorkerState.options) {
      if (state === "LOGGING_IN") continue;
      const [entry] = first("stop", one(state)).entries;
      const { isStopped } = STATE_TABLE[state];
      expect(`${state} ${entry?.state} ${entry?.wasStopped}`).toBe(
        isStopped ? `${state} done false` : `${state} begun true`,
      );
    }
  });

  test("that is cancelled finishes the worker in hand and leaves the rest", () => {
    const it = new Answers(names(3));
    const running = advance(begun("move", names(3)), it.world());
    const id = it.ask(running) ?? "";
    const cancelled = { ...running, cancelling: true };
    expect(advance(cancelled, it.world())).toEqual(cancelled);
    it.answer(id, parseWorkerId("w0"), true);
    const ended = advance(cancelled, it.world());
    expect(ended.overAt).toBe(NOW);
    expect(ended.entries.map(({ state }) => state)).toEqual(["done", "left", "left"]);
    it.host.set(parseWorkerId("late"), A);
    expect(advance(ended, it.world())).toBe(ended);
  });

  test("that is over begins again for a worker that comes to the host", () => {
    const it = new Answers([]);
    const over = advance(begun("move", []), it.world());
    expect(over.overAt).toBe(NOW);
    it.host.set(parseWorkerId("late"), A);
    it.state.set(parseWorkerId("late"), "RUNNING");
    expect(advance(over, it.world())).toMatchObject({ overAt: null, entries: [{ to: B }] });
  });
});

class Killed extends Error {}

/** A fleet of two hosts; the bot dies at the n-th point of all that it writes and asks. */
async function life(how: Drain["how"], n: number) {
  const db = await controlDb();
  const clock = new TestClock();
  const [moves, workers, drains] = [new MoveStore(db), new WorkerStore(db), new DrainStore(db)];
  const [commandLog, bulks] = [new CommandStore(db), new BulkStore(db)];
  for (const id of names(3)) workers.add(id, A, "777", NOW);
  const running = new Map<WorkerId, Set<HostId>>(names(3).map((id) => [id, new Set([A])]));
  const carried: string[] = [];
  let [left, isDead] = [n, false];
  const point = (): void => {
    left -= 1;
    isDead ||= left === 0;
    if (isDead) throw new Killed();
  };
  const write = db.write.bind(db);
  const mortal: typeof db.write = (sql, params) => {
    point();
    return write(sql, params);
  };
  db.write = mortal;
  /** What a host does, and what the event of it writes: the bot is not asked. */
  const carryOut = (verb: string, host: HostId, worker: WorkerId, id: string): void => {
    if (!carried.includes(`${id} ${verb}`)) carried.push(`${id} ${verb}`);
    if (verb === "start") running.get(worker)?.add(host);
    else if (verb !== "move.unpack") running.get(worker)?.delete(host);
    db.write = write;
    commandLog.end(id, { kind: "done" }, clock.now());
    db.write = mortal;
  };
  const ask = (verb: string, host: HostId, worker: WorkerId, id: string) => {
    if (commandLog.ask(id, worker, verb, ASKER, clock.now()) !== null) return;
    point();
    carryOut(verb, host, worker, id);
    point();
  };
  const bot = () => {
    const commands: ConstructorParameters<typeof Moving>[0]["commands"] = {
      moveStep: async (verb, host, { worker, by }) => {
        ask(verb, host, worker, by.id);
        return { kind: "sent", id: by.id };
      },
    };
    const stops: DrainingDeps["commands"] = {
      askHost: async (verb, worker, _asker, id = "") => {
        ask(verb, A, worker, id);
        return { kind: "sent", id };
      },
    };
    const bulk: DrainingDeps["bulk"] = {
      begin: async (action, chosen, asker, id) => {
        point();
        const about = { id, action, workers: chosen.map((row) => row.id) };
        bulks.begin(about, asker, [A], clock.now());
        for (const row of chosen) running.get(row.id)?.add(A);
      },
    };
    const base = { db, moves, workers, drains, commandLog, clock, bulk };
    const moving = new Moving({ ...base, commands });
    return { moving, draining: new Draining({ ...base, moving, commands: stops }) };
  };
  const statuses = (): WorkerStatus[] =>
    names(3).map((id) => {
      const [host] = running.get(id) ?? [];
      const at = { host: host ?? A, updatedAt: clock.now() };
      return statusOf(id, host ? at : { ...at, state: "STOPPED", pid: null });
    });
  let deaths = 0;
  let { moving, draining } = bot();
  for (let looks = 0; looks < 120 && drains.find("drain")?.end == null; looks += 1) {
    clock.ms += 2000;
    try {
      const drain = drains.find("drain");
      // The press comes again after a death.
      if (!drain) draining.begin(A, how, { asker: ASKER, id: "drain" });
      else if (drain.overAt !== null) await draining.takeAgain(drain, ASKER);
      const rows = [A, B].map((host) => rowOf(host, clock.now()));
      await draining.look(rows, statuses());
      await moving.look(rows, statuses());
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      deaths += 1;
      isDead = false;
      ({ moving, draining } = bot());
    }
    for (const hosts of running.values()) expect(hosts.size).toBeLessThan(2);
    expect(moves.allUnderWay().length).toBeLessThan(2);
  }
  const where = names(3).map((id) => [...(running.get(id) ?? [])].join());
  return { deaths, where, carried, drain: drains.find("drain") };
}

test.each(["move", "stop"] as const)(
  "a drain by %s is carried on by the next bot, wherever the one before died",
  async (how) => {
    for (let n = 1; ; n += 1) {
      const { deaths, where, carried, drain } = await life(how, n);
      const what = `a bot that dies at point ${n}`;
      expect(drain?.end?.how, what).toBe("taking");
      expect(
        drain?.entries.map(({ state }) => state),
        what,
      ).toEqual(["done", "done", "done"]);
      // Moved, or stopped and started again.
      expect(where, what).toEqual(how === "move" ? [B, B, B] : [A, A, A]);
      const verbs = carried.map((each) => each.split(" ")[1]);
      const each = how === "move" ? "move.pack" : "stop";
      expect(
        verbs.filter((verb) => verb === each),
        what,
      ).toHaveLength(3);
      if (deaths > 0) continue;
      expect(n).toBeGreaterThan(10);
      return;
    }
  },
);
