import { existsSync } from "node:fs";
import { join } from "node:path";
import type { BackupCopy, CommandOutcome, HolderSummary } from "@flotilla/contracts";
import { AppError, type WorkerId } from "@flotilla/kernel";
import { endProcess } from "@flotilla/os";
import { openIdle, Vault } from "@flotilla/session-store";
import { findHolders, type Holder } from "@flotilla/sqlite";
import type { HostDb } from "../record/host-db.ts";
import type { SessionFacts } from "../worker/session-news.ts";

export interface SessionServiceDeps {
  readonly dataDir: string;
  readonly fleetKey: Buffer;
  readonly db: HostDb;
  /** Milliseconds between SIGTERM and SIGKILL of a holder. */
  readonly graceMs: number;
}

/** Most copies in an answer: the golden one, the last ten, and the trash. */
const MAX_SHOWN = 30;
/** Most holders in an answer. */
const MOST_HOLDERS = 10;

/** Reads and changes session files of workers without a process; a running worker owns its own. */
export class SessionService {
  readonly #deps: SessionServiceDeps;
  readonly #vault: Vault;
  readonly #sessions: string;

  constructor(deps: SessionServiceDeps) {
    this.#deps = deps;
    this.#vault = new Vault(deps);
    this.#sessions = join(deps.dataDir, "sessions");
  }

  pathOf(worker: WorkerId): string {
    return join(this.#sessions, `${worker}.session`);
  }

  /** Whether the worker has a session or a backup copy. */
  has(worker: WorkerId): boolean {
    return existsSync(this.pathOf(worker)) || existsSync(join(this.#deps.dataDir, "vault", worker));
  }

  /** Whether the worker has a session file here. */
  hasSession(worker: WorkerId): boolean {
    return existsSync(this.pathOf(worker));
  }

  /** The source of what a worker's status says about its file. */
  factsOf(worker: WorkerId): SessionFacts {
    return {
      path: this.pathOf(worker),
      holder: (own) => this.holder(worker, own),
      restoreHelps: () => this.restoreHelps(worker),
    };
  }

  /** Every process that has the session file open. */
  async who(worker: WorkerId): Promise<CommandOutcome> {
    const { holders, notVisible } = await findHolders(this.pathOf(worker), {
      known: this.#deps.db.children(),
    });
    return {
      kind: "holders",
      holders: holders.slice(0, MOST_HOLDERS).map(summary),
      hidden: notVisible !== null,
    };
  }

  /**
   * The holder that blocks the worker's process `own`; null when none is visible. Never rejects.
   */
  async holder(worker: WorkerId, own: number | null): Promise<HolderSummary | null> {
    const found = await this.#others(worker, own).catch(() => []);
    return found[0] ? summary(found[0]) : null;
  }

  /**
   * Ends a holder that Flotilla started, after it checked its identity once more (invariant 7).
   * `stopWorker` ends it when it is another worker of this host.
   */
  async stopHolder(
    worker: WorkerId,
    pid: number,
    stopWorker: (pid: number) => Promise<boolean>,
  ): Promise<Extract<CommandOutcome, { kind: "done" | "failed" }>> {
    const holder = (await this.#others(worker, null)).find((each) => each.pid === pid);
    if (!holder)
      return {
        kind: "done",
        text: `The process ${pid} does not have the session file open any more.`,
      };
    const name = `pid ${pid} ${holder.commandLine ?? ""}`.trim();
    if (holder.ours !== "yes" || holder.identity === null)
      return refused(
        "not-ours",
        `${name} was not started by Flotilla. I do not stop programs I did not start.`,
      );
    const ended =
      (await stopWorker(pid)) || (await endProcess(holder.identity, this.#deps.graceMs));
    if (ended) return { kind: "done", text: `Stopped ${name}.` };
    return refused("still-there", `${name} does not end.`);
  }

  /** All backup copies; each is opened and checked now. */
  copies(worker: WorkerId): BackupCopy[] {
    const key = this.#vault.presentKey(worker);
    return this.#vault
      .list(worker)
      .slice(0, MAX_SHOWN)
      .map(({ id, kind, reason, at, bytes, verified, problem, fingerprint }) => {
        const sameKey = key === null || fingerprint === null ? null : key === fingerprint;
        return { id, kind, reason, at, bytes, verified, problem, sameKey };
      });
  }

  /** Whether the golden copy has another key than the session. Never throws. */
  restoreHelps(worker: WorkerId): boolean {
    try {
      return this.#vault.canHelp(worker) === "different";
    } catch {
      return false;
    }
  }

  /** Throws AppError of the vault, `session-in-use` among them. */
  backup(worker: WorkerId): string {
    using store = openIdle({ dir: this.#sessions, name: worker, fleetKey: this.#deps.fleetKey });
    const { id, bytes } = this.#vault.backup(store, "manual");
    return `Backed up: ${id} (${Math.ceil(bytes / 1024)} KiB, checked).`;
  }

  /**
   * The same, when the session changed since its newest copy; the text says whether it did. Throws
   * AppError of the vault.
   */
  copyChanged(worker: WorkerId): string {
    if (!existsSync(this.pathOf(worker))) return "unchanged";
    using store = openIdle({ dir: this.#sessions, name: worker, fleetKey: this.#deps.fleetKey });
    const made = this.#vault.backupChanged(store);
    return made === null ? "unchanged" : `copied: ${made.id}`;
  }

  /** Throws AppError of the vault; the session is then as it was. */
  restore(worker: WorkerId, copy: string): string {
    const { trashed } = this.#vault.restore(worker, copy);
    if (trashed) return `Restored. What was there before is kept as ${trashed.id}.`;
    return "Restored.";
  }

  /**
   * Takes the session out of use; it can be put back. Throws AppError of the vault; the session is
   * then as it was.
   */
  remove(worker: WorkerId): string {
    const { id } = this.#vault.trash(worker);
    return `Removed. It is kept as ${id}.`;
  }

  async #others(worker: WorkerId, own: number | null): Promise<Holder[]> {
    const { holders } = await findHolders(this.pathOf(worker), { known: this.#deps.db.children() });
    return holders.filter(({ pid }) => pid !== own && pid !== process.pid);
  }
}

function refused(code: string, message: string): Extract<CommandOutcome, { kind: "failed" }> {
  return { kind: "failed", code, message: message.slice(0, 500) };
}

function summary({ pid, commandLine, user, state, startedAt, ours }: Holder): HolderSummary {
  return {
    pid,
    command: commandLine?.slice(0, 200) ?? null,
    user: user?.slice(0, 64) ?? null,
    state,
    since: startedAt,
    ours: ours === "yes",
  };
}

/** Turns a thrown AppError into a failed outcome; its code and message are shown on the card. */
export function attempt(work: () => string): CommandOutcome {
  try {
    return { kind: "done", text: work() };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return refused(error.code, error.message);
  }
}
