import { randomUUID } from "node:crypto";
import { statSync } from "node:fs";
import { hostname } from "node:os";
import type { Backups } from "@flotilla/archive";
import type { Config } from "@flotilla/config";
import type { WorkerStatus } from "@flotilla/contracts";
import { systemClock } from "@flotilla/kernel";
import { type Logger, quietly } from "@flotilla/observability";
import { processIdentity } from "@flotilla/os";
import {
  EventPublisher,
  type Fleet,
  findFleet,
  fleetPlace,
  HostBoard,
  HostClaim,
  parseFleet,
  type QueuePlace,
  StatusWriter,
} from "@flotilla/queue";
import type { HostDb } from "../record/host-db.ts";
import { measureCapacity } from "./capacity.ts";
import { OtherHosts } from "./other-hosts.ts";
import type { OwnProgram } from "./own-program.ts";

/** This host's connections to Redis: events, statuses, commands. */
export interface RedisParts {
  readonly fleet: Fleet;
  readonly place: QueuePlace;
  readonly events: EventPublisher;
  readonly statuses: StatusWriter;
  /**
   * For the health endpoint: absent Redis, a second supervisor of this name, forbidden other hosts.
   */
  readonly problems: () => string[];
  readonly onError: (error: unknown) => void;
}

/** Longest wait for a bot that creates the fleet. A host that knows its fleet does not wait. */
const BOT_MS = 30_000;

export interface RedisPartsDeps {
  readonly config: Config;
  readonly fleetKey: Buffer;
  readonly db: HostDb;
  readonly backups: Backups;
  readonly program: OwnProgram;
  /** The workers of this host. */
  readonly workers: () => readonly WorkerStatus[];
  readonly log: Logger;
}

/** Finds the fleet and opens its Redis parts on `stack`. Throws what `findFleet` throws. */
export async function openRedisParts(
  stack: AsyncDisposableStack,
  { config, fleetKey, db, backups, program, workers, log }: RedisPartsDeps,
): Promise<RedisParts> {
  const redis = config.redis?.reveal() ?? "";
  const fleet = await findFleet({ redis, fleetKey, known: parseFleet(db.fleet()), waitMs: BOT_MS });
  db.keepFleet({ ...fleet, host: config.hostId });
  const place = fleetPlace({ redis, fleet, fleetKey, dataDir: config.dataDir });
  const onError = quietly(log, "redis");
  const events = stack.adopt(new EventPublisher(place, onError), (it) => it.close());
  stack.use(events.keepIn(db.keptEvents()));
  const statuses = stack.adopt(new StatusWriter(place, onError), (it) => it.close());
  const claim = stack.adopt(claimOf(config, { place, db, log, onError }), (it) => it.close());
  await claim.take();
  const board = stack.adopt(new HostBoard(place, onError), (it) => it.close());
  const { hostId: host, supervision } = config;
  const others = new OtherHosts({
    board,
    host,
    hosts: supervision.hosts,
    backup: () => backups.status(),
    program: () => program.status(),
    files: config.hostListen !== null,
    capacity: () => measureCapacity(workers()),
    labels: config.hostLabels,
    clock: systemClock,
    log,
    onError,
  });
  stack.adopt(others, (it) => it.close());
  const problems = (): string[] => [
    ...others.problems(),
    ...(claim.problem === null ? [] : [claim.problem]),
  ];
  return { fleet, place, events, statuses, problems, onError };
}

interface ClaimParts {
  readonly place: QueuePlace;
  readonly db: HostDb;
  readonly log: Logger;
  readonly onError: (error: unknown) => void;
}

/** The claim on this host's name: two supervisors of one name would share its commands. */
function claimOf(
  { hostId: host, dataDir }: Config,
  { place, db, log, onError }: ClaimParts,
): HostClaim {
  const id = randomUUID();
  const me = {
    id,
    record: recordOf(db.path) ?? id,
    pid: process.pid,
    machine: hostname(),
    dataDir,
    since: systemClock.now(),
  };
  return new HostClaim({
    place,
    host,
    me,
    onTaken: (error) => log.error({ err: error }, "⚠️ two hosts of one name"),
    onError,
  });
}

/**
 * Identity of host.db on this boot. This process holds its kernel lock, so an earlier holder with
 * the same identity is dead.
 */
function recordOf(path: string): string | null {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  const boot = processIdentity(process.pid)?.bootId;
  if (stat && boot) return `${boot}:${stat.dev}:${stat.ino}`;
  return null;
}
