import type { WorkerStatus } from "@flotilla/contracts";
import { AppError, type Clock, type HostId, toError, type WorkerId } from "@flotilla/kernel";
import { type DiskWatch, diskDetail, type FullDisk } from "@flotilla/observability";
import { backupTo, type Database } from "@flotilla/sqlite";
import { z } from "zod";
import { say } from "../kit/words/said.ts";
import type { AlertStore } from "./alert-store.ts";
import { raiseTrouble, subjectOf, type Trouble } from "./host-trouble.ts";

/** Parts of {@link OwnTrouble}. */
export interface OwnTroubleDeps {
  readonly db: Database;
  readonly alerts: AlertStore;
  readonly host: HostId;
  readonly clock: Clock;
  /** The disk of the database. */
  readonly disk: Pick<DiskWatch, "full">;
  /** What is known of the workers. */
  readonly statuses: () => readonly WorkerStatus[];
  /** Tells every admin of a full disk without the database. */
  readonly tellDirectly: (detail: string) => void;
}

/**
 * What the launcher says: how the supervisor ended again and again, or null when it stays up; and
 * how it ended last, or null when it runs.
 */
const FromLauncher = z.object({
  kind: z.literal("supervisor"),
  down: z.string().max(600).nullable(),
  ended: z.string().max(600).nullable().default(null),
});

/** A supervisor that ended took its workers with it. */
interface Ended {
  readonly how: string;
  readonly at: number;
  /** Workers that had a process then. */
  readonly workers: readonly WorkerId[];
  /** It runs again, which its workers do not at once. */
  readonly restarted: boolean;
}

/** Workers that are not back by then have alerts of their own. */
const BACK_MS = 5 * 60_000;

/** A copy of a database that is deleted on the disk and still open here. */
interface Rescue {
  readonly saved: boolean;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly detail: string;
}

/** A rescue that failed, such as on a full disk, is tried again after this time. */
const RESCUE_AGAIN_MS = 30_000;

/**
 * What only the bot can tell: its own database was deleted, and what its launcher says about the
 * supervisor beside it.
 */
export class OwnTrouble {
  readonly #deps: OwnTroubleDeps;
  #rescue: Rescue | null = null;
  #down: string | null = null;
  #ended: Ended | null = null;
  #toldDirectly = false;

  constructor(deps: OwnTroubleDeps) {
    this.#deps = deps;
  }

  /** A message over the channel to the launcher; anything else is passed over. */
  hear(message: unknown): void {
    const heard = FromLauncher.safeParse(message);
    if (!heard.success) return;
    this.#down = heard.data.down;
    this.#hearEnded(heard.data.ended);
  }

  #hearEnded(how: string | null): void {
    if (how === null) {
      if (this.#ended) this.#ended = { ...this.#ended, restarted: true };
      return;
    }
    const running = this.#deps
      .statuses()
      .flatMap(({ worker, host, pid }) =>
        host === this.#deps.host && pid !== null ? [worker] : [],
      );
    const before = this.#ended ?? { at: this.#deps.clock.now(), workers: running };
    this.#ended = { ...before, how, restarted: false };
  }

  /** How the supervisor ended, until it runs again and its workers were started since. */
  #endedNow(): string | null {
    const ended = this.#ended;
    if (ended?.restarted && this.#areBack(ended)) this.#ended = null;
    return this.#ended?.how ?? null;
  }

  #areBack({ at, workers }: Ended): boolean {
    const known = new Map(this.#deps.statuses().map((status) => [status.worker, status]));
    const isBack = (worker: WorkerId): boolean => {
      const status = known.get(worker);
      return !status || ((status.startedAt ?? 0) > at && status.state !== "STARTING");
    };
    return workers.every(isBack) || Math.abs(this.#deps.clock.now() - at) > BACK_MS;
  }

  /** For the health endpoint: what the launcher said of the supervisor beside this bot. */
  problems(): string[] {
    return this.#down === null ? [] : [`supervisor: ${this.#down}`];
  }

  /**
   * Opens and closes its alerts. Each is tried, whatever the others led to; the first failure is
   * thrown after them.
   */
  look(): void {
    const failures: unknown[] = [];
    const attempt = (work: () => void): void => {
      try {
        work();
      } catch (error) {
        failures.push(error);
      }
    };
    // The only one that needs no database goes first.
    attempt(() => this.#tellFullDisk(this.#deps.disk.full));
    attempt(() => this.#set("control-deleted", this.#rescued()));
    // One trouble: that it cannot be kept up says more than that it ended.
    attempt(() => this.#set("supervisor-ended", this.#down === null ? this.#endedNow() : null));
    attempt(() => this.#set("supervisor-down", this.#down));
    if (failures.length > 0) throw failures[0];
  }

  /**
   * What became of the data of a database whose file is gone; null = the file is there. A failed
   * rescue is tried again.
   */
  #rescued(): string | null {
    const { db, clock } = this.#deps;
    if (db.stillThere() === "ok") {
      this.#rescue = null;
      return null;
    }
    const now = clock.now();
    if (
      this.#rescue === null ||
      (!this.#rescue.saved && Math.abs(now - this.#rescue.at) >= RESCUE_AGAIN_MS)
    )
      this.#rescue = this.#save(now);
    return this.#rescue.detail;
  }

  #set(trouble: Trouble, detail: string | null): void {
    const { alerts, host, clock } = this.#deps;
    const open = alerts.open(subjectOf(host, trouble));
    if (detail !== null) raiseTrouble(alerts, { trouble, host, detail, at: clock.now() });
    else if (open) alerts.resolve(open.n, say("solved-itself"), clock.now());
  }

  /**
   * An alert is kept in the database: on a disk that takes nothing the admins are told directly,
   * once.
   */
  #tellFullDisk(disk: readonly FullDisk[]): void {
    const detail = disk.length === 0 ? null : disk.map(diskDetail).join("; ");
    if (detail === null) this.#toldDirectly = false;
    try {
      this.#set("control-disk-full", detail);
    } catch (error) {
      if (detail === null || this.#toldDirectly) throw error;
      this.#toldDirectly = true;
      this.#deps.tellDirectly(detail);
    }
  }

  /** The open file still has everything; a restart would lose it. */
  #save(at: number): Rescue {
    const { db } = this.#deps;
    const target = `${db.path}.rescued`;
    try {
      backupTo(db, target);
      return { saved: true, at, detail: `${db.path} → ${target}` };
    } catch (error) {
      return {
        saved: false,
        at,
        detail: `${db.path}: ${error instanceof AppError ? error.code : toError(error).name}`,
      };
    }
  }
}
