import { STATE_TABLE, type WorkerStatus } from "@flotilla/contracts";
import type { HostId, WorkerId } from "@flotilla/kernel";
import type { Drain, DrainEntry } from "../hosts/drain.ts";
import type { Move } from "../moves/move.ts";
import type { CommandRow } from "../workers/command-store.ts";
import type { WorkerRow } from "../workers/worker-store.ts";

/** The fleet as a drain sees it. `now` in milliseconds since the epoch. */
export interface World {
  readonly now: number;
  readonly isHeard: boolean;
  /** Every worker of the list. */
  readonly workers: readonly Pick<WorkerRow, "id" | "host" | "hostGone">[];
  readonly status: (worker: WorkerId) => WorkerStatus | null;
  readonly move: (id: string) => Move | null;
  /** Whether a move of the worker is under way, of this drain or of another press. */
  readonly isMoving: (worker: WorkerId) => boolean;
  readonly command: (id: string) => CommandRow | null;
  /** The least loaded host that can take a worker now. */
  readonly target: () => HostId | null;
}

const MOST_TRIES = 3;

/** Why a worker stays; its texts are `problem-<code>`. */
type LeftCode =
  | "drain-nowhere"
  | "drain-login"
  | "drain-unknown"
  | "drain-cancelled"
  | "drain-gone";

/** Id of the move, or of the command, of an entry: the same however often it is asked for. */
export function idOf({ id, entries }: Drain, n: number): string {
  const tries = entries[n]?.tries ?? 0;
  return tries === 0 ? `${id}-${n}` : `${id}-${n}-${tries}`;
}

/** The entry in hand; -1 = none. */
export function inHand({ entries }: Drain): number {
  return entries.findIndex(({ state }) => state === "begun");
}

/** Brings a drain as far as the world allows. Pure: the same when there is nothing new. */
export function advance(drain: Drain, world: World): Drain {
  if (drain.end || (drain.cancelling && drain.overAt !== null)) return drain;
  const known = withNew(drain, world);
  const n = inHand(known);
  const settled = n < 0 ? known : settle(known, n, world);
  if (inHand(settled) >= 0 || settled.overAt !== null) return settled;
  return pickNext(settled, world);
}

/** Workers that came to the host meanwhile: each is handled as the others are. */
function withNew(drain: Drain, { workers }: World): Drain {
  if (drain.cancelling) return drain;
  const found = workers.filter(({ id, host, hostGone }) => {
    const last = drain.entries.findLast(({ worker }) => worker === id);
    const isBack = drain.how === "move" && last?.state === "done";
    return host === drain.host && !hostGone && (!last || isBack);
  });
  if (found.length === 0) return drain;
  return { ...drain, overAt: null, entries: [...drain.entries, ...found.map(entryOf)] };
}

/** A worker that is not handled yet. */
export function entryOf({ id: worker }: Pick<WorkerRow, "id">): DrainEntry {
  return { worker, state: "waiting", to: null, wasStopped: false, tries: 0, why: null };
}

function settle(drain: Drain, n: number, world: World): Drain {
  return drain.how === "move" ? afterMove(drain, n, world) : afterStop(drain, n, world);
}

function afterMove(drain: Drain, n: number, world: World): Drain {
  const move = world.move(idOf(drain, n));
  if (!move) return set(drain, n, { state: "waiting", to: null });
  if (!move.end) return drain;
  if (move.end.how === "moved") return set(drain, n, { state: "done" });
  return set(drain, n, { state: "left", why: move.why ?? left("drain-cancelled") });
}

function afterStop(drain: Drain, n: number, world: World): Drain {
  const entry = drain.entries[n];
  const command = world.command(idOf(drain, n));
  if (!entry || !isThere(drain, entry, world))
    return set(drain, n, { state: "done", why: left("drain-gone") });
  if (command === null || command.state === "asked") return drain;
  if (command.state === "done") return set(drain, n, { state: "done" });
  const code = command.code ?? "no-answer";
  // It was not sent, or came too late: its host did nothing.
  const isUnanswered = command.state !== "failed" || isNotSent(code);
  if (isUnanswered && entry.tries + 1 < MOST_TRIES)
    return set(drain, n, { state: "waiting", tries: entry.tries + 1 });
  return set(drain, n, { state: "left", why: { code, message: command.result ?? "" } });
}

function isNotSent(code: string): boolean {
  return code.startsWith("redis-") || code === "not-sent";
}

/** Begins the next one that can be begun; when none can and none is waited for, it is over. */
function pickNext(drain: Drain, world: World): Drain {
  if (drain.cancelling) return over(drain, () => "drain-cancelled", world);
  let next = drain;
  let isWaiting = false;
  for (const [n, entry] of drain.entries.entries()) {
    if (entry.state !== "waiting") continue;
    const moving = world.isMoving(entry.worker);
    if (!moving && !isThere(drain, entry, world)) next = set(next, n, elsewhere(entry, world));
    // What it does, and what its workers do, is not known before it is heard again.
    else if (moving || !world.isHeard) isWaiting = true;
    else if (readiness(entry, world) === null) {
      next = begin(next, n, world);
      if (inHand(next) >= 0) return next;
    }
  }
  return isWaiting
    ? next
    : over(next, (entry) => readiness(entry, world) ?? "drain-unknown", world);
}

/** Null = it can be begun; else why it is left when all others are handled. */
function readiness({ worker }: DrainEntry, { status }: World): LeftCode | null {
  const state = status(worker)?.state;
  if (state === undefined) return "drain-unknown";
  return state === "LOGGING_IN" ? "drain-login" : null;
}

function begin(drain: Drain, n: number, { status, target }: World): Drain {
  const entry = drain.entries[n];
  if (!entry) return drain;
  if (drain.how === "move") {
    const to = target();
    if (to === null) return set(drain, n, { state: "left", why: left("drain-nowhere") });
    return set(drain, n, { state: "begun", to });
  }
  const known = status(entry.worker);
  if (!known || STATE_TABLE[known.state].isStopped) return set(drain, n, { state: "done" });
  return set(drain, n, { state: "begun", wasStopped: true });
}

function isThere({ host }: Drain, { worker }: DrainEntry, { workers }: World): boolean {
  return workers.some((each) => each.id === worker && each.host === host && !each.hostGone);
}

/** It left the host without this drain: an owner moved or deleted it. */
function elsewhere({ worker }: DrainEntry, { workers }: World): Partial<DrainEntry> {
  const row = workers.find(({ id, hostGone }) => id === worker && !hostGone);
  if (!row) return { state: "done", why: left("drain-gone") };
  return { state: "done", to: row.host };
}

function over(drain: Drain, codeOf: (entry: DrainEntry) => LeftCode, { now }: World): Drain {
  const entries = drain.entries.map((entry): DrainEntry => {
    if (entry.state !== "waiting") return entry;
    return { ...entry, state: "left", why: left(codeOf(entry)) };
  });
  return { ...drain, entries, overAt: now };
}

function left(code: LeftCode): NonNullable<DrainEntry["why"]> {
  return { code, message: "" };
}

function set(drain: Drain, n: number, more: Partial<DrainEntry>): Drain {
  const entries = drain.entries.map((entry, at) => (at === n ? { ...entry, ...more } : entry));
  return { ...drain, entries };
}
