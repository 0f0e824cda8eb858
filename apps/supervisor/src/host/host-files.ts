import { statSync } from "node:fs";
import { type KeyFileState, keepKeyFile } from "@flotilla/config";
import type { HostTrouble } from "@flotilla/contracts";
import { type Clock, toError } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import type { HostDb } from "../record/host-db.ts";
import type { ToldLoss } from "./record-rescue.ts";

export interface HostFilesDeps {
  readonly dataDir: string;
  /** The key that belongs into the data folder; null when it is set by FLEET_KEY. */
  readonly key: Buffer | null;
  readonly db: Pick<HostDb, "path" | "trouble" | "stillThere" | "rescueTo">;
  /** Names of session files that belong to no worker. */
  readonly idleSessions: () => readonly string[];
  /** A lost host.db, until it was decided about; null = there is nothing to tell of one. */
  readonly loss: () => ToldLoss | null;
  /** `backupAt`: the archive that a lost record can be taken over from. */
  readonly tell: (
    trouble: HostTrouble,
    over: boolean,
    detail: string,
    backupAt: number | null,
  ) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

const LOOK_EVERY_MS = 5000;
/** Age at which a session without a worker is reported: an import creates the session first. */
const IDLE_AFTER_MS = 20_000;
const LONGEST = 600;

interface Found {
  readonly trouble: HostTrouble;
  readonly detail: string;
  readonly backupAt: number | null;
}

const KEY_TROUBLE: Readonly<Partial<Record<KeyFileState, HostTrouble>>> = {
  "written-back": "key-written-back",
  changed: "key-changed",
  damaged: "key-damaged",
};

/**
 * Watches the data folder, the fleet key and host.db every 5 s. Reports each trouble once, each
 * change of its detail, and its end. Writes a lost key back from memory; never overwrites a file.
 */
export class HostFiles implements Disposable {
  readonly #deps: HostFilesDeps;
  readonly #folder: string | null;
  /** Monotonic milliseconds at which each session without a worker was first seen. */
  readonly #idleSince = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  #told = new Map<HostTrouble, Found>();
  #rescued: string | null = null;

  constructor(deps: HostFilesDeps) {
    this.#deps = deps;
    this.#folder = folderId(deps.dataDir);
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  /** Checks now. Never throws. */
  look(): void {
    const found = new Map(this.#find().map((each) => [each.trouble, each]));
    const { tell, log } = this.#deps;
    for (const { trouble, detail, backupAt } of found.values()) {
      const before = this.#told.get(trouble);
      if (before?.detail === detail && before.backupAt === backupAt) continue;
      log.error({ trouble, detail }, "💾 something is wrong with the files of this host");
      tell(trouble, false, detail, backupAt);
    }
    for (const { trouble, detail } of this.#told.values())
      if (!found.has(trouble)) tell(trouble, true, detail, null);
    this.#told = found;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #find(): Found[] {
    const { dataDir, loss } = this.#deps;
    // Another folder is in the place of ours: nothing in it may be repaired.
    if (folderId(dataDir) !== this.#folder) return [of("folder-gone", dataDir)];
    const lost = loss();
    return [
      ...[...this.#key(), ...this.#record(), ...this.#idle()].map((each) => of(...each)),
      ...(lost === null ? [] : [{ ...of(lost.trouble, lost.detail), backupAt: lost.backupAt }]),
    ];
  }

  #key(): (readonly [HostTrouble, string])[] {
    const { key, dataDir } = this.#deps;
    if (key === null) return [];
    const path = `${dataDir}/fleet.key`;
    try {
      const trouble = KEY_TROUBLE[keepKeyFile(dataDir, key)];
      return trouble ? [[trouble, path]] : [];
    } catch (error) {
      return [["key-unwritable", `${path}: ${toError(error).message}`]];
    }
  }

  #record(): (readonly [HostTrouble, string])[] {
    const { db } = this.#deps;
    const there = db.stillThere();
    if (there !== "ok") return [["record-deleted", this.#rescue()]];
    const trouble = db.trouble();
    // One that was set aside is a loss.
    if (trouble === null || trouble.kind === "record-set-aside") return [];
    return [[trouble.kind, trouble.detail]];
  }

  /** Copies the deleted host.db from its open handle: a restart would lose its content. */
  #rescue(): string {
    const { db, log } = this.#deps;
    if (this.#rescued !== null) return this.#rescued;
    const target = `${db.path}.rescued`;
    try {
      db.rescueTo(target);
      this.#rescued = `${db.path} → ${target}`;
    } catch (error) {
      log.error({ err: error }, "the content of the deleted host.db could not be saved");
      this.#rescued = db.path;
    }
    return this.#rescued;
  }

  #idle(): (readonly [HostTrouble, string])[] {
    const { clock, idleSessions } = this.#deps;
    const now = clock.monotonicMs();
    const there = idleSessions();
    for (const name of this.#idleSince.keys())
      if (!there.includes(name)) this.#idleSince.delete(name);
    for (const name of there) if (!this.#idleSince.has(name)) this.#idleSince.set(name, now);
    const names = there.filter((name) => now - (this.#idleSince.get(name) ?? now) >= IDLE_AFTER_MS);
    return names.length === 0 ? [] : [["sessions-idle", names.join(", ")]];
  }
}

function of(trouble: HostTrouble, detail: string): Found {
  return { trouble, detail: detail.slice(0, LONGEST), backupAt: null };
}

function folderId(path: string): string | null {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat ? `${stat.dev}:${stat.ino}` : null;
}
