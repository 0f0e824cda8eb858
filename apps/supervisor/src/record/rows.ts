import {
  CommandOutcome,
  ErrorClass,
  FleetEvent,
  LinkStatus,
  OwnRules,
  type PastExit,
  RecordLoss,
} from "@flotilla/contracts";
import { parseWorkerId, type WorkerId } from "@flotilla/kernel";
import type { ProcessIdentity } from "@flotilla/os";
import type { Database } from "@flotilla/sqlite";

/** What an admin last asked for; the next supervisor starts only workers that are "running". */
export type Desired = "running" | "stopped" | "maintenance";

/** An exit with the code or signal that the kernel reported. */
export type KeptExit = PastExit & {
  readonly exitCode: number | null;
  readonly signal: string | null;
};

/** A process that a supervisor of this record started. */
export interface Child extends ProcessIdentity {
  readonly worker: string;
  /** The supervisor that started it; null in records of version 0.1. */
  readonly supervisor: ProcessIdentity | null;
}

/** The content of host.db. */
export interface HostMemory {
  readonly workers: Map<WorkerId, { desired: Desired; addedAt: number }>;
  readonly exits: Map<WorkerId, KeptExit[]>;
  readonly rules: Map<WorkerId, OwnRules>;
  readonly stats: Map<WorkerId, LinkStatus>;
  readonly children: Map<number, Child>;
  readonly outcomes: Map<string, { at: number; outcome: CommandOutcome }>;
  /** The fleet of this host, which finds its keys in Redis also after an outage or a loss there. */
  fleet: unknown;
  /** The loss of the record before this one, until an owner decided about it. */
  loss: RecordLoss | null;
  /** Outbox: events that Redis does not have yet, oldest first. */
  readonly events: Map<string, FleetEvent>;
}

/** Names one row, or the rows of one worker. */
export type RecordKey =
  | { readonly of: "worker" | "rules" | "stats"; readonly id: WorkerId }
  /** `adds`: the change only appends; false when earlier exits were dropped. */
  | { readonly of: "exits"; readonly id: WorkerId; readonly adds: boolean }
  | { readonly of: "child"; readonly id: number }
  | { readonly of: "outcome" | "event"; readonly id: string }
  | { readonly of: "fleet"; readonly id: "fleet" }
  | { readonly of: "loss"; readonly id: "loss" };

/** The content of a new host.db. */
export function emptyMemory(): HostMemory {
  return {
    workers: new Map(),
    exits: new Map(),
    rules: new Map(),
    stats: new Map(),
    children: new Map(),
    outcomes: new Map(),
    fleet: null,
    loss: null,
    events: new Map(),
  };
}

/** Reads all rows and skips those that this version cannot parse. Throws AppError `sqlite-*`. */
export function readAll(db: Database): HostMemory {
  const memory = emptyMemory();
  for (const row of db.read<{ id: string; desired: Desired; added_at: number }>(
    "SELECT * FROM worker ORDER BY added_at, id",
  ))
    withId(row.id, (id) => memory.workers.set(id, { desired: row.desired, addedAt: row.added_at }));
  for (const row of db.read<ExitRow>("SELECT * FROM past_exit ORDER BY at, n")) {
    const found = ErrorClass.safeParse(row.class);
    if (!found.success) continue;
    const { worker, at, uptime_ms: uptimeMs, exit_code: exitCode, signal } = row;
    const exit = { at, uptimeMs, class: found.data, exitCode, signal };
    withId(worker, (id) => memory.exits.set(id, [...(memory.exits.get(id) ?? []), exit]));
  }
  for (const row of db.read<{ worker: string; rules: string }>(
    "SELECT worker, rules FROM own_rules",
  ))
    keepParsed(memory.rules, row.worker, OwnRules.safeParse(json(row.rules)));
  for (const row of db.read<{ worker: string; link: string }>(
    "SELECT worker, link FROM account_stats",
  ))
    keepParsed(memory.stats, row.worker, LinkStatus.safeParse(json(row.link)));
  for (const child of readChildren(db)) memory.children.set(child.pid, child);
  for (const row of db.read<{ command: string; at: number; outcome: string }>(
    "SELECT * FROM carried_out ORDER BY at",
  )) {
    const outcome = CommandOutcome.safeParse(json(row.outcome));
    if (outcome.success) memory.outcomes.set(row.command, { at: row.at, outcome: outcome.data });
  }
  for (const row of db.read<{ body: string }>("SELECT body FROM fleet"))
    memory.fleet = json(row.body);
  for (const row of db.read<{ body: string }>("SELECT body FROM loss"))
    memory.loss = RecordLoss.safeParse(json(row.body)).data ?? null;
  for (const row of db.read<{ body: string }>("SELECT body FROM kept_event ORDER BY n")) {
    const event = FleetEvent.safeParse(json(row.body));
    if (event.success) memory.events.set(event.data.id, event.data);
  }
  return memory;
}

interface ExitRow {
  readonly worker: string;
  readonly at: number;
  readonly uptime_ms: number;
  readonly class: string;
  readonly exit_code: number | null;
  readonly signal: string | null;
}

function readChildren(db: Database): Child[] {
  const rows = db.read<
    ProcessIdentity & {
      worker: string;
      supervisorPid: number | null;
      supervisorTicks: string | null;
    }
  >(
    `SELECT pid, worker, start_ticks AS startTicks, boot_id AS bootId, supervisor_pid AS supervisorPid,
       supervisor_ticks AS supervisorTicks FROM child`,
  );
  return rows.map(({ supervisorPid: pid, supervisorTicks: startTicks, ...child }) => ({
    ...child,
    supervisor:
      pid === null || startTicks === null ? null : { pid, startTicks, bootId: child.bootId },
  }));
}

function keepParsed<T>(
  map: Map<WorkerId, T>,
  worker: string,
  parsed: { success: true; data: T } | { success: false },
): void {
  if (parsed.success) withId(worker, (id) => map.set(id, parsed.data));
}

function withId(text: string, work: (id: WorkerId) => void): void {
  let id: WorkerId;
  try {
    id = parseWorkerId(text);
  } catch {
    return; // no valid worker name: the file was edited by hand
  }
  work(id);
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Writes the rows of one key. Write worker rows first: other rows refer to them. */
export function writeKey(db: Database, memory: HostMemory, key: RecordKey): void {
  switch (key.of) {
    case "worker":
      writeWorker(db, memory, key.id);
      break;
    case "exits":
      writeExits(db, memory, key.id);
      break;
    case "rules":
      writeJson(
        db,
        "own_rules (worker, rules)",
        key.id,
        memory.workers.has(key.id) ? memory.rules.get(key.id) : null,
      );
      break;
    case "stats":
      writeJson(
        db,
        "account_stats (worker, link)",
        key.id,
        memory.workers.has(key.id) ? memory.stats.get(key.id) : null,
      );
      break;
    case "child":
      writeChild(db, key.id, memory.children.get(key.id));
      break;
    case "outcome":
      writeOutcome(db, key.id, memory.outcomes.get(key.id));
      break;
    case "event":
      writeEvent(db, key.id, memory.events.get(key.id));
      break;
    case "fleet":
      db.write("INSERT OR REPLACE INTO fleet (one, body) VALUES (1, ?)", [
        JSON.stringify(memory.fleet),
      ]);
      break;
    case "loss":
      writeLoss(db, memory.loss);
      break;
    default:
      key satisfies never;
  }
}

function writeWorker(db: Database, { workers }: HostMemory, id: WorkerId): void {
  const worker = workers.get(id);
  if (!worker) {
    db.write("DELETE FROM worker WHERE id = ?", [id]);
    return;
  }
  db.write(
    `INSERT INTO worker (id, desired, added_at) VALUES (?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET desired = excluded.desired, added_at = excluded.added_at`,
    [id, worker.desired, worker.addedAt],
  );
}

function writeExits(db: Database, { workers, exits }: HostMemory, id: WorkerId): void {
  db.write("DELETE FROM past_exit WHERE worker = ?", [id]);
  for (const { at, uptimeMs, class: found, exitCode, signal } of workers.has(id)
    ? (exits.get(id) ?? [])
    : [])
    db.write(
      "INSERT INTO past_exit (worker, at, uptime_ms, class, exit_code, signal) VALUES (?, ?, ?, ?, ?, ?)",
      [id, at, Math.round(uptimeMs), found, exitCode, signal],
    );
}

function writeJson(
  db: Database,
  table: "own_rules (worker, rules)" | "account_stats (worker, link)",
  id: WorkerId,
  value: unknown,
): void {
  if (value === undefined || value === null) {
    db.write(`DELETE FROM ${table.split(" ")[0]} WHERE worker = ?`, [id]);
    return;
  }
  db.write(`INSERT OR REPLACE INTO ${table} VALUES (?, ?)`, [id, JSON.stringify(value)]);
}

function writeChild(db: Database, pid: number, child: Child | undefined): void {
  if (!child) {
    db.write("DELETE FROM child WHERE pid = ?", [pid]);
    return;
  }
  const { worker, startTicks, bootId, supervisor } = child;
  db.write(
    `INSERT OR REPLACE INTO child (pid, worker, start_ticks, boot_id, supervisor_pid,
      supervisor_ticks) VALUES (?, ?, ?, ?, ?, ?)`,
    [pid, worker, startTicks, bootId, supervisor?.pid ?? null, supervisor?.startTicks ?? null],
  );
}

function writeOutcome(
  db: Database,
  command: string,
  kept: { at: number; outcome: CommandOutcome } | undefined,
): void {
  if (!kept) {
    db.write("DELETE FROM carried_out WHERE command = ?", [command]);
    return;
  }
  const values = [command, kept.at, JSON.stringify(kept.outcome)];
  db.write("INSERT OR REPLACE INTO carried_out (command, at, outcome) VALUES (?, ?, ?)", values);
}

function writeEvent(db: Database, id: string, event: FleetEvent | undefined): void {
  if (event)
    db.write("INSERT OR REPLACE INTO kept_event (id, body) VALUES (?, ?)", [
      id,
      JSON.stringify(event),
    ]);
  else db.write("DELETE FROM kept_event WHERE id = ?", [id]);
}

function writeLoss(db: Database, loss: RecordLoss | null): void {
  if (loss)
    db.write("INSERT OR REPLACE INTO loss (one, body) VALUES (1, ?)", [JSON.stringify(loss)]);
  else db.write("DELETE FROM loss");
}
