/** Floating workers: real sessions, real Redis, processes without Telegram (ADR 18). */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { leaseKey, type StandbyOwner } from "@flotilla/contracts";
import {
  type Clock,
  type HostId,
  parseHostId,
  parseWorkerId,
  type WorkerId,
} from "@flotilla/kernel";
import { createLogger, type Logger } from "@flotilla/observability";
import { digestOf, fleetPlace, HostBoard, leaseResources, StandbyBoard } from "@flotilla/queue";
import { openSession } from "@flotilla/session-store";
import { redisCommand, sharedRedis, testDir, waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import { Takeover, type TakeoverDeps } from "../src/host/takeover.ts";
import { FLEET_KEY, host } from "./host.ts";

const W = parseWorkerId("alpha");
const [A, B, C] = ["host-a", "host-b", "host-c"].map(parseHostId) as [HostId, HostId, HostId];
const KEY = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
const LOST_MS = 200;
const QUIET = { debug: () => {}, info: () => {}, warn: () => {} };

async function world() {
  const { url } = await sharedRedis();
  const fleet = { id: "0123456789abcdef", from01: false };
  const place = fleetPlace({ redis: url, fleet, fleetKey: FLEET_KEY });
  const board = new StandbyBoard(place, () => {});
  const hosts = new HostBoard(place, () => {});
  onTestFinished(() => {
    board.close();
    hosts.close();
  });
  await board.ready();
  /** A host speaks, or spoke `agoMs` ago. */
  const speak = async (name: HostId, agoMs = 0, room = 9): Promise<void> => {
    const capacity = { memoryBytes: 9, freeBytes: 9, cores: 2, load: 0, workers: {}, room };
    await hosts.write({ host: name, hosts: "several", at: Date.now() - agoMs, capacity });
  };
  return { place, board, hosts, speak, url };
}

async function recordOf(waits = 0): Promise<Buffer> {
  const dir = join(await testDir(), "sessions");
  using store = openSession({ dir, name: W, fleetKey: FLEET_KEY });
  store.beginLogin();
  store.setDc({ id: 2, address: "149.154.167.51", port: 443 });
  store.setAuthKey(KEY);
  store.commitLogin({ id: "7000001", name: "Ann", username: null, phone: null });
  store.floating.set(true);
  for (let n = 0; n < waits; n += 1) store.raiseFence(n);
  return store.standbyRecord() ?? Buffer.alloc(0);
}

type World = Awaited<ReturnType<typeof world>>;

function owner(record: Buffer, name: HostId, desired: StandbyOwner["desired"] = "running") {
  return { worker: W, host: name, sha256: digestOf(record), at: 1000, desired };
}

async function hostAt(
  { place, board, hosts }: World,
  name: HostId,
  more: Partial<TakeoverDeps> = {},
) {
  const made = await host("stay", 0, undefined, undefined, place);
  const takeover = new Takeover({
    ...{ host: name, board, hosts, place, db: made.db, fleet: made.fleet },
    ...{ dataDir: made.dataDir, fleetKey: FLEET_KEY, clock: hurried(), lostMs: LOST_MS },
    sessions: { hasSession: () => existsSync(sessionIn(made.dataDir)) },
    log: createLogger({ name: "test", level: "silent" }),
    ...more,
    lookMs: 3_600_000,
  });
  onTestFinished(() => takeover.close());
  return { ...made, takeover };
}

/** A second passes between two looks at this clock. */
function hurried(): Clock {
  let ms = 0;
  return {
    now: () => Date.now(),
    monotonicMs: () => {
      ms += 1000;
      return ms;
    },
  };
}

const sessionIn = (dataDir: string): string => join(dataDir, "sessions", "alpha.session");

/** The lost host is silent, the others have heard Redis for long enough. */
async function untilTaken({ board }: World, ...takers: { readonly takeover: Takeover }[]) {
  return await waitFor(
    async () => {
      await Promise.all(takers.map(({ takeover }) => takeover.look()));
      return (await board.find(W))?.host !== A;
    },
    { what: "a take-over" },
  );
}

/** Host A is lost with a floating worker; B and C are there. */
async function withLostHost() {
  const all = await world();
  const record = await recordOf();
  await all.board.put(owner(record, A), record);
  await all.speak(A, 60_000);
  await all.speak(B);
  await all.speak(C);
  const [b, c] = [await hostAt(all, B), await hostAt(all, C)];
  return { all, b, c };
}

test("one of the hosts that are left takes the worker of a lost host over and starts it", async () => {
  const { all, b, c } = await withLostHost();
  await untilTaken(all, b, c);
  const to = (await all.board.find(W))?.host;
  const [taker, other] = to === B ? [b, c] : [c, b];
  await waitFor(() => taker.starts() === 1, { what: "the worker to start" });
  expect(taker.db.workers()).toEqual([{ id: W, desired: "running" }]);
  expect(other.db.workers()).toEqual([]);
  expect(existsSync(sessionIn(other.dataDir))).toBe(false);
  expect(await all.board.takenOver()).toMatchObject([{ from: A, to }]);
});

test("a host that is drained takes none over", async () => {
  const { all, b, c } = await withLostHost();
  await all.board.keepClosed([B, C]);
  for (let n = 0; n < 5; n += 1) await Promise.all([b.takeover.look(), c.takeover.look()]);
  expect((await all.board.find(W))?.host).toBe(A);
  await all.board.keepClosed([B]);
  await untilTaken(all, b, c);
  expect((await all.board.find(W))?.host).toBe(C);
});

test("a host that is heard, has stopped on purpose, or still has the lease keeps its worker", async () => {
  const all = await world();
  const record = await recordOf();
  await all.board.put(owner(record, A), record);
  await all.speak(B);
  const b = await hostAt(all, B);
  const looked = async (): Promise<string | undefined> => {
    for (let n = 0; n < 3; n += 1) await b.takeover.look();
    return (await all.board.find(W))?.host;
  };
  // No row: it took it away when it stopped.
  expect(await looked()).toBe(A);
  await all.speak(A, 0);
  await b.takeover.look();
  expect((await all.board.find(W))?.host).toBe(A);
  await all.speak(A, 60_000);
  const [name = ""] = leaseResources({ worker: W, fingerprint: null, userId: null });
  const lease = leaseKey(all.place.prefix, name);
  await redisCommand(all.url, "SET", lease, "{}", "PX", "60000");
  expect(await looked()).toBe(A);
  await redisCommand(all.url, "DEL", lease);
  await untilTaken(all, b);
});

test("a worker that was stopped is taken over and stays stopped", async () => {
  const all = await world();
  const record = await recordOf();
  await all.board.put(owner(record, A, "stopped"), record);
  await all.speak(A, 60_000);
  await all.speak(B);
  const b = await hostAt(all, B);
  await untilTaken(all, b);
  expect(b.db.workers()).toEqual([{ id: W, desired: "stopped" }]);
  expect(existsSync(sessionIn(b.dataDir))).toBe(true);
  expect(b.starts()).toBe(0);
});

test("a take-over that was cut off after the claim is finished by the next look", async () => {
  const all = await world();
  const record = await recordOf();
  await all.board.put(owner(record, A), record);
  await all.board.claim(owner(record, A), B, 2000);
  const b = await hostAt(all, B);
  await b.takeover.look();
  await waitFor(() => b.starts() === 1, { what: "the worker to start" });
  await b.takeover.look();
  expect(b.starts()).toBe(1);
});

test("a record that cannot be opened or put in place gives the worker back, for others to try", async () => {
  const all = await world();
  const record = Buffer.from("no record");
  await all.board.put(owner(record, A), record);
  await all.speak(A, 60_000);
  await all.speak(B);
  const errors: unknown[] = [];
  const log = { ...QUIET, error: (said: unknown) => void errors.push(said) };
  const b = await hostAt(all, B, { log: log as unknown as Logger });
  await waitFor(() => b.takeover.look().then(() => errors.length > 0), { what: "a failed try" });
  expect(errors).toMatchObject([{ worker: W, err: { code: "key-unreadable" } }]);
  expect(await all.board.takenOver()).toEqual([]);
  expect((await all.board.find(W))?.host).toBe(A);
  expect(b.fleet.statuses()).toEqual([]);
});

test("a host that comes back puts its files into the trash, and starts the worker no more", async () => {
  const all = await world();
  const record = await recordOf();
  const a = await hostAt(all, A);
  await all.board.put(owner(record, A), record);
  await all.board.claim(owner(record, A), B, 2000);
  using store = openSession({ dir: join(a.dataDir, "sessions"), name: W, fleetKey: FLEET_KEY });
  store.beginLogin();
  store.setDc({ id: 2, address: "149.154.167.51", port: 443 });
  store.setAuthKey(KEY);
  store.commitLogin({ id: "7000001", name: "Ann", username: null, phone: null });
  store.close();
  a.db.setDesired(W, "running", 1);
  await a.fleet.startDesired();
  await a.takeover.look();
  expect(a.db.workers()).toEqual([]);
  expect(existsSync(sessionIn(a.dataDir))).toBe(false);
  expect(readdirSync(join(a.dataDir, "vault", "alpha")).some((each) => /trash/.test(each))).toBe(
    true,
  );
  expect(await all.board.takenOver()).toEqual([]);
});

test("a worker that is stopped or leaves before its turn in the start order is not started", async () => {
  const here = await host("stay", 50);
  const [first, stopped, gone] = ["first", "second", "third"].map(parseWorkerId) as [
    WorkerId,
    WorkerId,
    WorkerId,
  ];
  for (const [at, id] of [first, stopped, gone].entries()) here.db.setDesired(id, "running", at);
  const started = here.fleet.startDesired();
  here.db.setDesired(stopped, "stopped", 9);
  await here.fleet.find(stopped).worker.stop();
  here.db.remove(gone);
  here.fleet.forget(gone);
  await started;
  expect(here.starts()).toBe(1);
  expect(here.states()).toMatchObject({ second: "STOPPED" });
  expect(here.states()).not.toHaveProperty("third");
});

test("what the worker is to do follows its host, and a worker that is here stays as it is", async () => {
  const all = await world();
  const record = await recordOf();
  await all.board.put(owner(record, B), record);
  const b = await hostAt(all, B);
  b.db.setDesired(W, "maintenance", 1);
  await b.takeover.look();
  expect((await all.board.find(W))?.desired).toBe("maintenance");
  expect(existsSync(sessionIn(b.dataDir))).toBe(false);
});
