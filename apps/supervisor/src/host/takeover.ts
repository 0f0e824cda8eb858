import { createHash } from "node:crypto";
import {
  type HostRow,
  STATUS_REFRESH_MS,
  STATUS_STALE_MS,
  type StandbyOwner,
  type TakenOver,
} from "@flotilla/contracts";
import { type Clock, type HostId, toError, type WorkerId } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import {
  findInUse,
  type HostBoard,
  leaseResources,
  type QueuePlace,
  type StandbyBoard,
} from "@flotilla/queue";
import { openStandbyRecord, unpackSession, Vault } from "@flotilla/session-store";
import type { Fleet } from "../fleet/fleet.ts";
import type { SessionService } from "../fleet/session-service.ts";
import type { HostDb } from "../record/host-db.ts";

export interface TakeoverDeps {
  readonly host: HostId;
  readonly board: StandbyBoard;
  readonly hosts: Pick<HostBoard, "all">;
  readonly place: QueuePlace;
  readonly db: HostDb;
  readonly fleet: Fleet;
  readonly sessions: Pick<SessionService, "hasSession">;
  readonly dataDir: string;
  readonly fleetKey: Buffer;
  readonly clock: Clock;
  readonly log: Logger;
  /** Milliseconds between two looks. Default 2000. */
  readonly lookMs?: number;
  /** Milliseconds of silence after which a host is lost. Default: its lease and a grace. */
  readonly lostMs?: number;
}

/** All hosts, and those of them that take workers. */
interface Hosts {
  readonly rows: readonly HostRow[];
  readonly open: readonly HostRow[];
}

const LOOK_MS = 2000;
/** The lease of a worker lasts 20 s; the rest is grace. */
const LOST_MS = STATUS_STALE_MS;
/** The next host in the order of a worker waits this much longer. */
const NEXT_MS = STATUS_REFRESH_MS;
/** Milliseconds that this host leaves to others what it could not put in place. */
const AFTER_FAILURE_MS = 5 * 60_000;

/**
 * Floating workers (ADR 18): takes over those of a lost host when this host is the first in their
 * order, and puts away the files of those that were taken from this host while it was gone. Redis
 * decides who has a worker; the lease still decides who may connect.
 */
export class Takeover {
  readonly #deps: TakeoverDeps;
  readonly #timer: NodeJS.Timeout;
  /** Since when each look was answered, by the monotonic clock; null = the last one was not. */
  #answeredSince: number | null = null;
  readonly #notBefore = new Map<WorkerId, number>();
  #running: Promise<void> | null = null;

  constructor(deps: TakeoverDeps) {
    this.#deps = deps;
    this.#timer = setInterval(() => void this.look(), deps.lookMs ?? LOOK_MS);
    this.#timer.unref();
  }

  /** Looks once. Never rejects. */
  async look(): Promise<void> {
    this.#running ??= this.#look()
      .catch((error: unknown) => {
        this.#answeredSince = null;
        this.#deps.log.debug({ cause: toError(error).message }, "floating workers not looked at");
      })
      .finally(() => {
        this.#running = null;
      });
    await this.#running;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  async #look(): Promise<void> {
    const { board, hosts, host, clock } = this.#deps;
    const owners = await board.all();
    const taken = await board.takenOver();
    const rows = await hosts.all();
    const closed = await board.closed();
    const open = rows.filter((row) => !closed.includes(row.host));
    this.#answeredSince ??= clock.monotonicMs();
    for (const each of taken.filter(({ from }) => from === host)) await this.#putAway(each, owners);
    for (const owner of owners)
      if (owner.host === host) await this.#keep(owner, taken);
      else if (this.#isMine(owner, { rows, open })) await this.#takeOver(owner);
  }

  /** After an outage of Redis all hosts look lost until they have spoken once more. */
  #isMine(owner: StandbyOwner, { rows, open }: Hosts): boolean {
    const { clock, host, lostMs = LOST_MS } = this.#deps;
    const now = clock.now();
    const lost = rows.find((row) => row.host === owner.host);
    // A host that stops on purpose takes its row away: it comes back with its workers.
    if (!lost || now - lost.at < lostMs) return false;
    if (clock.monotonicMs() - (this.#answeredSince ?? 0) < lostMs) return false;
    if (clock.monotonicMs() < (this.#notBefore.get(owner.worker) ?? 0)) return false;
    const place = orderOf(
      owner.worker,
      open.filter((row) => isAble(row, now)),
    ).indexOf(host);
    return place >= 0 && now - lost.at >= lostMs + place * NEXT_MS;
  }

  async #takeOver(owner: StandbyOwner): Promise<void> {
    const { board, host, place, clock, log } = this.#deps;
    const { worker, host: from } = owner;
    const resources = leaseResources({ worker, fingerprint: null, userId: null });
    // Its host cannot be heard, and still holds the lease: it may still act.
    if ((await findInUse(place, { resources, hosts: [] })).length > 0) return;
    if (!(await board.claim(owner, host, clock.now()))) return;
    log.warn({ worker, from }, "🛟 takes a floating worker over from a host that is lost");
    await this.#adopt({ ...owner, host }, from);
  }

  /** Finishes a take-over that was cut off, and says in the row what the worker is to do. */
  async #keep(owner: StandbyOwner, taken: readonly TakenOver[]): Promise<void> {
    const { db, board, host } = this.#deps;
    const known = db.workers().find(({ id }) => id === owner.worker);
    const unfinished = taken.find(({ worker, to }) => worker === owner.worker && to === host);
    if (!known && unfinished) return await this.#adopt(owner, unfinished.from);
    if (known && known.desired !== owner.desired) await board.want(owner, known.desired);
  }

  /** Puts the session of the record in place and starts it; else `from` has the worker again. */
  async #adopt(owner: StandbyOwner, from: HostId): Promise<void> {
    const { board, db, fleet, dataDir, fleetKey, clock, log } = this.#deps;
    const { worker, desired } = owner;
    try {
      const session = openStandbyRecord(await board.record(owner), worker, fleetKey);
      const entry = fleet.find(worker);
      const outcome = await entry.worker.whileDown(() => {
        unpackSession({ dataDir, fleetKey }, worker, [session]);
        db.setDesired(worker, desired, clock.now());
        return { kind: "done" };
      });
      if (outcome.kind === "done" && desired === "running") void entry.worker.start();
    } catch (error) {
      log.error({ worker, err: error }, "a floating worker could not be taken over");
      this.#notBefore.set(worker, clock.monotonicMs() + AFTER_FAILURE_MS);
      await board.giveBack(owner, from);
      if (!db.workers().some(({ id }) => id === worker)) fleet.forget(worker);
    }
  }

  /** Another host has the worker now: what is here goes to the trash of the vault, verified. */
  async #putAway(taken: TakenOver, owners: readonly StandbyOwner[]): Promise<void> {
    const { board, db, fleet, sessions, dataDir, fleetKey, host, clock, log } = this.#deps;
    const { worker } = taken;
    const owner = owners.find((each) => each.worker === worker);
    if (owner?.host !== host && (fleet.has(worker) || sessions.hasSession(worker))) {
      const entry = fleet.find(worker);
      db.setDesired(worker, "stopped", clock.now());
      await entry.worker.stop();
      const outcome = await entry.worker.whileDown(() => {
        if (sessions.hasSession(worker)) new Vault({ dataDir, fleetKey }).trash(worker);
        return { kind: "done" };
      });
      if (outcome.kind !== "done") return;
      db.remove(worker);
      fleet.forget(worker);
      log.warn(
        { worker, to: taken.to },
        "🛟 another host has this worker now: its files are in the trash",
      );
    }
    await board.settle(taken);
  }
}

/** Hosts that can take a worker, in an order of its own (rendezvous hashing): all hosts agree. */
function orderOf(worker: WorkerId, rows: readonly HostRow[]): HostId[] {
  const weight = ({ host }: HostRow): string =>
    createHash("sha256").update(`${worker}\n${host}`).digest("hex");
  return rows.toSorted((a, b) => weight(b).localeCompare(weight(a))).map(({ host }) => host);
}

function isAble({ at, hosts, capacity }: HostRow, now: number): boolean {
  return now - at <= STATUS_STALE_MS && hosts === "several" && (capacity?.room ?? 0) > 0;
}
