import { CommandOutcome, ErrorClass, LinkStatus, OwnRules } from "@flotilla/contracts";
import type { PastExit } from "@flotilla/domain";
import { parseWorkerId, type WorkerId } from "@flotilla/kernel";
import { type Database, openDatabase, type ProcessIdentity, processIdentity } from "@flotilla/sqlite";

const MIGRATIONS = [
  `CREATE TABLE worker (
     id TEXT PRIMARY KEY,
     desired TEXT NOT NULL CHECK (desired IN ('running', 'stopped')),
     added_at INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE past_exit (
     n INTEGER PRIMARY KEY,
     worker TEXT NOT NULL REFERENCES worker (id) ON DELETE CASCADE,
     at INTEGER NOT NULL,
     uptime_ms INTEGER NOT NULL,
     class TEXT NOT NULL,
     exit_code INTEGER,
     signal TEXT
   ) STRICT;
   CREATE INDEX past_exit_by_worker ON past_exit (worker, at);`,
  `CREATE TABLE new_worker (
     id TEXT PRIMARY KEY,
     desired TEXT NOT NULL CHECK (desired IN ('running', 'stopped', 'maintenance')),
     added_at INTEGER NOT NULL
   ) STRICT;
   INSERT INTO new_worker SELECT id, desired, added_at FROM worker;
   CREATE TABLE new_exit (
     n INTEGER PRIMARY KEY,
     worker TEXT NOT NULL REFERENCES new_worker (id) ON DELETE CASCADE,
     at INTEGER NOT NULL,
     uptime_ms INTEGER NOT NULL,
     class TEXT NOT NULL,
     exit_code INTEGER,
     signal TEXT
   ) STRICT;
   INSERT INTO new_exit SELECT n, worker, at, uptime_ms, class, exit_code, signal FROM past_exit;
   DROP TABLE past_exit;
   DROP TABLE worker;
   ALTER TABLE new_worker RENAME TO worker;
   ALTER TABLE new_exit RENAME TO past_exit;
   CREATE INDEX past_exit_by_worker ON past_exit (worker, at);`,
  `CREATE TABLE account_stats (
     worker TEXT PRIMARY KEY REFERENCES worker (id) ON DELETE CASCADE,
     link TEXT NOT NULL
   ) STRICT;
   CREATE TABLE child (
     pid INTEGER PRIMARY KEY,
     worker TEXT NOT NULL,
     start_ticks TEXT NOT NULL,
     boot_id TEXT NOT NULL
   ) STRICT;`,
  `CREATE TABLE carried_out (
     command TEXT PRIMARY KEY,
     at INTEGER NOT NULL,
     outcome TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;`,
  `CREATE TABLE own_rules (
     worker TEXT PRIMARY KEY REFERENCES worker (id) ON DELETE CASCADE,
     rules TEXT NOT NULL
   ) STRICT;`,
  `ALTER TABLE child ADD COLUMN supervisor_pid INTEGER;
   ALTER TABLE child ADD COLUMN supervisor_ticks TEXT;`,
];

/** A job does not come again after so long. */
const KEEP_OUTCOMES_MS = 24 * 3600 * 1000;

/** What a worker of this host shall be. */
export type Desired = "running" | "stopped" | "maintenance";

/** Exits older than this are of no use to any rule. */
const KEEP_MS = 7 * 24 * 3600 * 1000;

/** A process that a supervisor of this record started. */
export interface Child extends ProcessIdentity {
  readonly worker: string;
  /** Who started it; null when an older version wrote it down. */
  readonly supervisor: ProcessIdentity | null;
}

/** What this host shall run, and how its workers ended. Held exclusively: a second supervisor cannot open it. */
export class HostDb {
  readonly #db: Database;
  #unwritten: (PastExit & { readonly id: WorkerId })[] = [];

  /** Throws AppError `sqlite-locked` when another supervisor of this data folder runs. */
  constructor(path: string) {
    this.#db = openDatabase({ path, role: "host", migrations: MIGRATIONS, exclusive: true });
  }

  /** Workers in the order in which they were added. */
  workers(): { id: WorkerId; desired: Desired }[] {
    const rows = this.#db.read<{ id: string; desired: Desired }>("SELECT id, desired FROM worker ORDER BY added_at, id");
    return rows.map((row) => ({ id: parseWorkerId(row.id), desired: row.desired }));
  }

  /** Adds the worker when it is new. */
  setDesired(id: WorkerId, desired: Desired, now: number): void {
    this.#db.write(
      "INSERT INTO worker (id, desired, added_at) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET desired = excluded.desired",
      [id, desired, now],
    );
  }

  /** Takes a worker off the list. */
  remove(id: WorkerId): void {
    this.#db.write("DELETE FROM worker WHERE id = ?", [id]);
  }

  /** Remembers an exit that nobody asked for; on a full disk until this process ends. */
  recordExit(id: WorkerId, exit: PastExit & { readonly exitCode: number | null; readonly signal: string | null }): void {
    try {
      this.#db.transaction(() => {
        this.#db.write("INSERT INTO past_exit (worker, at, uptime_ms, class, exit_code, signal) VALUES (?, ?, ?, ?, ?, ?)", [
          id,
          exit.at,
          Math.round(exit.uptimeMs),
          exit.class,
          exit.exitCode,
          exit.signal,
        ]);
        this.#db.write("DELETE FROM past_exit WHERE at < ?", [exit.at - KEEP_MS]);
      });
    } catch {
      // The disk that a worker died of may be this one. Its restarts are counted all the same.
      this.#unwritten.push({ at: exit.at, uptimeMs: exit.uptimeMs, class: exit.class, id });
    }
  }

  /** Past exits, oldest first. */
  history(id: WorkerId): PastExit[] {
    const rows = this.#db.read<{ at: number; uptime_ms: number; class: string }>(
      "SELECT at, uptime_ms, class FROM past_exit WHERE worker = ? ORDER BY at, n",
      [id],
    );
    const written = rows.map((row) => ({ at: row.at, uptimeMs: row.uptime_ms, class: ErrorClass.parse(row.class) }));
    return [...written, ...this.#unwritten.filter((exit) => exit.id === id)];
  }

  /** An admin pressed Restart or Start: the count begins anew. */
  forgetExits(id: WorkerId): void {
    this.#db.write("DELETE FROM past_exit WHERE worker = ?", [id]);
    this.#unwritten = this.#unwritten.filter((exit) => exit.id !== id);
  }

  /** Restart rules that the worker has of its own. A row that this version cannot read counts as none. */
  ownRules(id: WorkerId): OwnRules {
    const row = this.#db.readOne<{ rules: string }>("SELECT rules FROM own_rules WHERE worker = ?", [id]);
    const rules = row ? OwnRules.safeParse(JSON.parse(row.rules)) : null;
    return rules?.success ? rules.data : {};
  }

  /** Keeps restart rules for a worker, which is added, stopped, when it is new. */
  keepOwnRules(id: WorkerId, rules: OwnRules, now: number): void {
    this.#db.transaction(() => {
      this.#db.write("INSERT OR IGNORE INTO worker (id, desired, added_at) VALUES (?, 'stopped', ?)", [id, now]);
      this.#db.write(
        "INSERT INTO own_rules (worker, rules) VALUES (?, ?) ON CONFLICT (worker) DO UPDATE SET rules = excluded.rules",
        [id, JSON.stringify(rules)],
      );
    });
  }

  /** What is known of an account over all runs, or null. A row that this version cannot read counts as none. */
  stats(id: WorkerId): LinkStatus | null {
    const row = this.#db.readOne<{ link: string }>("SELECT link FROM account_stats WHERE worker = ?", [id]);
    const link = row ? LinkStatus.safeParse(JSON.parse(row.link)) : null;
    return link?.success ? link.data : null;
  }

  /** Keeps the statistics of an account. */
  keepStats(id: WorkerId, link: LinkStatus): void {
    this.#db.write(
      "INSERT INTO account_stats (worker, link) VALUES (?, ?) ON CONFLICT (worker) DO UPDATE SET link = excluded.link",
      [id, JSON.stringify(link)],
    );
  }

  /** Writes down a process that was started here, so that the next supervisor can tell it from others with its pid. */
  addChild(worker: WorkerId, identity: ProcessIdentity, supervisor = processIdentity(process.pid)): void {
    const { pid, startTicks, bootId } = identity;
    this.#db.write(
      "INSERT OR REPLACE INTO child (pid, worker, start_ticks, boot_id, supervisor_pid, supervisor_ticks) VALUES (?, ?, ?, ?, ?, ?)",
      [pid, worker, startTicks, bootId, supervisor?.pid ?? null, supervisor?.startTicks ?? null],
    );
  }

  /** The kernel reported its end. */
  removeChild(pid: number): void {
    this.#db.write("DELETE FROM child WHERE pid = ?", [pid]);
  }

  /** Processes whose end was never reported. */
  children(): Child[] {
    const rows = this.#db.read<
      ProcessIdentity & { worker: string; supervisorPid: number | null; supervisorTicks: string | null }
    >(
      `SELECT pid, worker, start_ticks AS startTicks, boot_id AS bootId, supervisor_pid AS supervisorPid,
         supervisor_ticks AS supervisorTicks FROM child`,
    );
    return rows.map(({ supervisorPid: pid, supervisorTicks: startTicks, ...child }) => ({
      ...child,
      supervisor: pid === null || startTicks === null ? null : { pid, startTicks, bootId: child.bootId },
    }));
  }

  /** How a command ended that was carried out here, or null. */
  outcomeOf(command: string): CommandOutcome | null {
    const row = this.#db.readOne<{ outcome: string }>("SELECT outcome FROM carried_out WHERE command = ?", [command]);
    return row ? CommandOutcome.parse(JSON.parse(row.outcome)) : null;
  }

  /** Keeps how a command ended: when its job comes again, it is answered and not done again. */
  keepOutcome(command: string, outcome: CommandOutcome, now: number): void {
    this.#db.write("DELETE FROM carried_out WHERE at < ?", [now - KEEP_OUTCOMES_MS]);
    this.#db.write("INSERT OR REPLACE INTO carried_out (command, at, outcome) VALUES (?, ?, ?)", [
      command,
      now,
      JSON.stringify(outcome),
    ]);
  }

  close(): void {
    this.#db.close();
  }
}
