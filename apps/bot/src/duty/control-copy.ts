import { fileURLToPath } from "node:url";
import { archiveOne } from "@flotilla/archive";
import { programAt } from "@flotilla/config";
import type { Clock, HostId } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import { BOT_COPY_MOST_BYTES, type QueuePlace, writeBotCopy } from "@flotilla/queue";
import type { Database } from "@flotilla/sqlite";
import type { Duty } from "./duty.ts";

/** Parts of {@link ControlCopy}. */
export interface ControlCopyDeps {
  readonly db: Database;
  readonly duty: Pick<Duty, "fence" | "mayAct">;
  /** See `botPlace`. */
  readonly place: QueuePlace;
  readonly fleetKey: Buffer;
  readonly dataDir: string;
  readonly host: HostId;
  readonly clock: Clock;
  readonly log: Logger;
  /** Largest copy in bytes. */
  readonly mostBytes?: number;
}

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
/** Milliseconds from one copy to the next. */
const EVERY_MS = 60_000;
const MIB = 1024 * 1024;

/**
 * Keeps a sealed, verified copy of `control.db` in Redis, so that a bot on another host can take
 * over from it (ADR 16): while it changes, at most once a minute, and once more at the end.
 */
export class ControlCopy {
  readonly #deps: ControlCopyDeps;
  #copiedChanges = -1;
  #triedAt = Number.NEGATIVE_INFINITY;
  #problem: string | null = null;
  #underWay: Promise<void> = Promise.resolve();

  constructor(deps: ControlCopyDeps) {
    this.#deps = deps;
  }

  /** Why there is no present copy; empty = there is one. */
  problems(): string[] {
    return this.#problem === null ? [] : [this.#problem];
  }

  /** Makes a copy when one is due; does not wait for it. Never throws. */
  look(): void {
    const now = this.#deps.clock.monotonicMs();
    if (now - this.#triedAt < EVERY_MS || this.#changes() === this.#copiedChanges) return;
    this.#triedAt = now;
    this.#underWay = this.#underWay.then(() => this.#copy());
  }

  /** Makes the last copy, when something changed since. Never rejects. */
  async close(): Promise<void> {
    await this.#underWay;
    if (this.#changes() !== this.#copiedChanges) await this.#copy();
  }

  /** Rows that this connection has changed so far: the only one that `control.db` has. */
  #changes(): number {
    return this.#deps.db.readOne<{ n: number }>("SELECT total_changes() AS n")?.n ?? 0;
  }

  async #copy(): Promise<void> {
    const { duty, place, host, log, mostBytes = BOT_COPY_MOST_BYTES } = this.#deps;
    const { fence } = duty;
    if (fence === null || !duty.mayAct()) return;
    try {
      const changes = this.#changes();
      const { bytes, manifest } = await this.#archive();
      if (bytes.length > mostBytes) {
        this.#tooLarge(bytes.length, mostBytes);
        return;
      }
      const about = { id: manifest.id, fence, host, at: manifest.at };
      const isNewest = duty.mayAct() && (await writeBotCopy(place, about, bytes));
      if (!isNewest) return;
      this.#copiedChanges = changes;
      this.#problem = null;
      log.debug({ bytes: bytes.length }, "control.db copied to Redis");
    } catch (error) {
      this.#problem = "the copy of control.db in Redis is not up to date (see the log)";
      log.warn({ err: error }, "control.db not copied to Redis");
    }
  }

  async #archive() {
    const { db, dataDir, fleetKey, host, clock } = this.#deps;
    const program = programAt(ROOT)?.version ?? "0.0.0";
    return await archiveOne({
      ...{ database: db, name: "control.db", dataDir, fleetKey, host, program, clock },
    });
  }

  #tooLarge(bytes: number, most: number): void {
    const [size, limit] = [Math.ceil(bytes / MIB), Math.floor(most / MIB)];
    const text =
      `the copy of control.db has ${size} MB, and Redis gets ${limit} MB at most: a bot on another ` +
      "host can take over only from an archive";
    if (this.#problem !== text) this.#deps.log.warn(text);
    this.#problem = text;
  }
}
