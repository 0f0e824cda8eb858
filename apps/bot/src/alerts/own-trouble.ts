import { AppError, type Clock, type HostId, toError } from "@flotilla/kernel";
import { type DiskWatch, diskDetail, type FullDisk } from "@flotilla/observability";
import { backupTo, type Database } from "@flotilla/sqlite";
import { z } from "zod";
import { say } from "../words/said.ts";
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
  /** Tells every admin of a full disk without the database. */
  readonly tellDirectly: (detail: string) => void;
}

/** What the launcher says: how the supervisor ended again and again, or null when it stays up. */
const FromLauncher = z.object({ kind: z.literal("supervisor"), down: z.string().max(600).nullable() });

/** What only the bot can tell: its own database was deleted, and what its launcher says about the supervisor beside it. */
export class OwnTrouble {
  readonly #deps: OwnTroubleDeps;
  #rescue: string | null = null;
  #down: string | null = null;
  #toldDirectly = false;

  constructor(deps: OwnTroubleDeps) {
    this.#deps = deps;
  }

  /** A message over the channel to the launcher; anything else is passed over. */
  hear(message: unknown): void {
    const heard = FromLauncher.safeParse(message);
    if (heard.success) this.#down = heard.data.down;
  }

  /** Opens and closes its alerts. */
  look(): void {
    const { db } = this.#deps;
    const disk = this.#deps.disk.full;
    const there = db.stillThere();
    if (there !== "ok") this.#rescue ??= this.#save();
    this.#set("control-deleted", there === "ok" ? null : this.#rescue);
    this.#set("supervisor-down", this.#down);
    this.#tellFullDisk(disk);
  }

  #set(trouble: Trouble, detail: string | null): void {
    const { alerts, host, clock } = this.#deps;
    const open = alerts.open(subjectOf(host, trouble));
    if (detail === null) {
      if (open) alerts.resolve(open.n, say("solved-itself"), clock.now());
    } else if (!open) raiseTrouble(alerts, { trouble, host, detail, at: clock.now() });
  }

  /** An alert is kept in the database: on a disk that takes nothing the admins are told directly, once. */
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
  #save(): string {
    const { db } = this.#deps;
    const target = `${db.path}.rescued`;
    try {
      backupTo(db, target);
      return `${db.path} → ${target}`;
    } catch (error) {
      return `${db.path}: ${error instanceof AppError ? error.code : toError(error).name}`;
    }
  }
}
