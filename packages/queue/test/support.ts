import {
  type FleetEvent,
  fleetPrefix,
  type HostCommand,
  type JobRefusal,
  leaseRunKey,
  type WorkerCommand,
  type WorkerStatus,
} from "@flotilla/contracts";
import { parseHostId, parseWorkerId } from "@flotilla/kernel";
import { fleetPlace, type PlaceOptions, type QueuePlace } from "@flotilla/queue";
import { redisCommand, sharedRedis, testDir } from "@flotilla/testkit";
import { Queue } from "bullmq";
import { onTestFinished } from "vitest";

export const HOST = parseHostId("host-a");
export const WORKER = parseWorkerId("news_1");

/** Keeps the errors that an error handler gets. */
export interface Errors {
  readonly seen: unknown[];
  readonly add: (error: unknown) => void;
}

/** A new empty {@link Errors}. */
export function errorList(): Errors {
  const seen: unknown[] = [];
  return { seen, add: (error) => void seen.push(error) };
}

const base = (id: string, worker = WORKER) => ({
  v: 1 as const,
  id,
  worker,
  askedBy: { id: "777", name: "Ann" },
  askedAt: 1,
  deadlineAt: 2,
});

export const hostCommand = (id: string): HostCommand => ({ ...base(id), kind: "restart" });
export const checkCommand = (id: string, worker = WORKER): WorkerCommand => ({
  ...base(id, worker),
  kind: "check",
});
export const codeCommand = (id: string, box: string, loginId: string): WorkerCommand => ({
  ...base(id),
  kind: "login.code",
  loginId,
  sealed: { ephemeral: "ephemeral", nonce: "nonce", box },
});

export const event = (id: string): FleetEvent => ({
  v: 1,
  id,
  at: 1,
  host: HOST,
  kind: "command.done",
  worker: WORKER,
  command: "c",
  outcome: { kind: "done" },
});

export const status = (worker: string, state: WorkerStatus["state"] = "RUNNING"): WorkerStatus => ({
  v: 1,
  worker: parseWorkerId(worker),
  host: HOST,
  state,
  since: 1,
  pid: 2,
  startedAt: 1,
  crashes: 0,
  crashLimit: 5,
  nextTryAt: null,
  fault: null,
  link: null,
  updatedAt: 3,
});

/** A fleet that comes from version 0.1, and one that does not, on the same Redis. */
/** The place of a fleet on one server. */
export type TestPlace = QueuePlace & { readonly redis: string };

export async function places(): Promise<{ place: TestPlace; fresh: TestPlace; url: string }> {
  const { url } = await sharedRedis();
  const run = /run_id:(\w+)/.exec(String(await redisCommand(url, "INFO", "server")))?.[1] ?? "";
  for (const id of ["0123456789abcdef", "ffffffffffffffff"])
    await redisCommand(url, "SET", leaseRunKey(fleetPrefix(id)), run);
  const fleetKey = Buffer.alloc(32, 7);
  return {
    url,
    place: placeOf({
      redis: url,
      fleet: { id: "0123456789abcdef", from01: true },
      fleetKey,
      dataDir: await testDir(),
    }),
    fresh: placeOf({ redis: url, fleet: { id: "ffffffffffffffff", from01: false }, fleetKey }),
  };
}

/** The place of a fleet on one server, whose address the test can use as well. */
export function placeOf(options: PlaceOptions & { readonly redis: string }): TestPlace {
  return { ...fleetPlace(options), redis: options.redis };
}

/** A fleet on this Redis that no bot has made. */
export function placeAt(url: string): TestPlace {
  return placeOf({
    redis: url,
    fleet: { id: "0123456789abcdef", from01: false },
    fleetKey: Buffer.alloc(32, 7),
  });
}

/** Adds any payload to a queue, signed as a member of the fleet does. */
export async function addSigned(
  queue: Queue,
  place: TestPlace,
  id: string,
  payload: { readonly kind: string },
): Promise<void> {
  const { kind: name } = payload;
  await queue.add(name, place.wire.sign({ queue: queue.name, id, name }, payload), { jobId: id });
}

/** A fleet on a database of its own. */
export async function sharedPlace(): Promise<TestPlace> {
  return placeAt((await sharedRedis()).url);
}

/** A place that keeps its refusals. */
export function watched(place: TestPlace): TestPlace & { readonly refused: JobRefusal[] } {
  const refused: JobRefusal[] = [];
  return { ...place, refused, onRefused: (refusal) => void refused.push(refusal) };
}

/** A queue that closes with the test. */
export function queueOf(place: TestPlace, name: string): Queue {
  const queue = new Queue(name, { connection: { url: place.redis }, prefix: place.prefix });
  onTestFinished(() => queue.close());
  return queue;
}
