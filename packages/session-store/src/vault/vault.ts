import { existsSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { type Clock, syncFolder, systemClock } from "@flotilla/kernel";
import { backupTo, type Database, openDatabase } from "@flotilla/sqlite";
import { COMPANIONS, linkOrCopy, privateFolder } from "../file/files.ts";
import {
  announce,
  assertUnique,
  type SessionIdentity,
  sessionPath,
  unannounce,
} from "../file/identity.ts";
import { MIGRATIONS } from "../file/schema.ts";
import { assertFleetKey } from "../keys/seal.ts";
import type { SessionStore } from "../session/store.ts";
import {
  asInUse,
  damagedBackup,
  isDamage,
  noKeyToKeep,
  noSession,
  notFound,
  unverified,
} from "../session/vault-errors.ts";
import { replaceDamaged, restoreInto, restoreNew } from "./restore.ts";
import {
  copiesIn,
  copyName,
  GOLDEN,
  identityIn,
  look,
  presentKey,
  touch,
  type VaultEntry,
  type VaultReason,
} from "./vault-files.ts";

/** Options of {@link Vault}. */
export interface VaultOptions {
  /** Sessions are in `<dataDir>/sessions`, copies in `<dataDir>/vault/<name>`. */
  readonly dataDir: string;
  readonly fleetKey: Buffer;
  readonly clock?: Clock;
}

/**
 * Whether putting the golden copy back may bring a login back: `same` = it has the same key, so
 * only a login helps.
 */
export type Help = "different" | "same" | "no-golden";

/**
 * Copies beyond this number go, the oldest first; golden and trash are not counted and never
 * removed.
 */
const KEPT = 10;
/** The same for copies on schedule, so that they push no other out. */
const KEPT_SCHEDULED = 7;

/**
 * Verified copies of sessions. A copy counts only when it was opened again, found whole, its key
 * opened with the fleet key, and its fingerprint was the session's. Files 0600 in 0700 folders.
 * Copies of a session that is in use are made by its owner, over its own connection; everything
 * else needs the session to be free and takes its lock.
 */
export class Vault {
  readonly #dir: string;
  readonly #sessions: string;
  readonly #fleetKey: Buffer;
  readonly #clock: Clock;

  constructor({ dataDir, fleetKey, clock = systemClock }: VaultOptions) {
    assertFleetKey(fleetKey);
    this.#dir = join(dataDir, "vault");
    this.#sessions = join(dataDir, "sessions");
    this.#fleetKey = fleetKey;
    this.#clock = clock;
  }

  /**
   * Made by the owner of the session. Throws AppError `nothing-to-back-up`, `backup-unverified`,
   * `sqlite-*`.
   */
  backup(
    store: SessionStore,
    reason: Exclude<VaultReason, "golden" | "trash" | "damaged">,
  ): VaultEntry {
    const identity = store.identity();
    if (!identity) throw noKeyToKeep(store.name);
    const entry = this.#copy(identity, reason, (target) => store.backupTo(target));
    this.#dropOld(store.name, entry.id);
    return entry;
  }

  /**
   * A copy on schedule, made by the owner of the session; null = the session has no login, or was
   * not written since its newest copy. Throws like {@link Vault.backup}.
   */
  backupChanged(store: SessionStore): VaultEntry | null {
    if (!store.identity()) return null;
    const copies = copiesIn(join(this.#dir, store.name)).filter(({ kind }) => kind !== "trash");
    const newest = Math.max(0, ...copies.map(({ at }) => at));
    return this.#writtenAt(store.name) > newest ? this.backup(store, "scheduled") : null;
  }

  /** When a session was last written, in milliseconds since the epoch. */
  #writtenAt(name: string): number {
    const path = sessionPath(this.#sessions, name);
    const files = [path, ...COMPANIONS.map((suffix) => path + suffix)];
    const stats = files.map((file) => statSync(file, { throwIfNoEntry: false }));
    return Math.max(...stats.map((stat) => (stat && stat.size > 0 ? stat.mtimeMs : 0)));
  }

  /**
   * The copy to go back to when a session breaks: made by the owner after a login that the account
   * confirmed. The golden copy before it stays as an ordinary backup. Throws like {@link
   * Vault.backup}.
   */
  golden(store: SessionStore): VaultEntry {
    const identity = store.identity();
    if (!identity) throw noKeyToKeep(store.name);
    const folder = this.#folder(store.name);
    const fresh = join(folder, "golden.new");
    store.backupTo(fresh);
    this.#confirm(fresh, identity, { broken: false });
    const golden = join(folder, GOLDEN);
    const old = existsSync(golden) ? this.#free(store.name, "old-golden") : null;
    if (old !== null) linkOrCopy(golden, old);
    renameSync(fresh, golden);
    syncFolder(folder);
    this.#dropOld(store.name, old === null ? null : basename(old, ".session"));
    return this.#entry(store.name, "golden");
  }

  /**
   * All copies of a session, each opened and checked just now; the golden one first, then the
   * latest first.
   */
  list(name: string): VaultEntry[] {
    const folder = join(this.#dir, name);
    return copiesIn(folder).map((copy) => ({
      ...copy,
      ...look(join(folder, `${copy.id}.session`), this.#fleetKey),
    }));
  }

  /**
   * Compares the key of the session with that of its golden copy; works while the session is in
   * use.
   */
  canHelp(name: string): Help {
    const golden = this.list(name).find(({ kind }) => kind === "golden");
    if (!golden?.verified) return "no-golden";
    return this.presentKey(name) === golden.fingerprint ? "same" : "different";
  }

  /**
   * Fingerprint of the key that a session has at present, also while it is in use; null without a
   * readable one.
   */
  presentKey(name: string): string | null {
    return presentKey(this.#sessions, name, this.#fleetKey);
  }

  /**
   * Puts a copy back; what was there before is in the trash. Throws AppError `session-in-use`,
   * `backup-not-found`, `backup-damaged`, `backup-unverified`, `session-duplicate`, `sqlite-*`; the
   * session is then as it was.
   */
  restore(
    name: string,
    id: string,
  ): { readonly restored: VaultEntry; readonly trashed: VaultEntry | null } {
    const entry = this.#entry(name, id);
    if (!entry.verified || entry.fingerprint === null)
      throw damagedBackup(name, entry.problem ?? "damaged");
    const identity = { name, fingerprint: entry.fingerprint, userId: entry.userId };
    assertUnique(this.#sessions, identity);
    const backup = join(this.#dir, name, `${id}.session`);
    const trashed = existsSync(sessionPath(this.#sessions, name))
      ? this.#restoreOver(name, backup)
      : this.#restoreMissing(name, backup);
    announce(this.#sessions, identity);
    return { restored: entry, trashed };
  }

  /**
   * Takes a session out of use without deleting it: its file moves to the vault and can be
   * restored. A file that SQLite cannot read moves as well. Throws AppError `session-in-use`,
   * `session-not-found`, `backup-unverified`; it is then as it was.
   */
  trash(name: string): VaultEntry {
    const path = sessionPath(this.#sessions, name);
    if (!existsSync(path)) throw noSession(name);
    const before = this.#lookLocked(name);
    const kept = this.#free(name, before.readable ? "trash" : "damaged");
    renameSync(path, kept);
    try {
      if (before.readable) this.#confirmMoved(kept, name, before.identity);
    } catch (error) {
      renameSync(kept, path);
      throw asInUse(name, error);
    }
    for (const suffix of COMPANIONS)
      if (existsSync(path + suffix)) renameSync(path + suffix, kept + suffix);
    unannounce(this.#sessions, name);
    syncFolder(this.#sessions);
    syncFolder(join(this.#dir, name));
    return this.#entry(name, basename(kept, ".session"));
  }

  #lookLocked(name: string): {
    readonly readable: boolean;
    readonly identity: SessionIdentity | null;
  } {
    try {
      return { readable: true, identity: this.#withLock(name, (db) => identityIn(db, name)) };
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#assertUnheld(name);
      return { readable: false, identity: null };
    }
  }

  /**
   * A damaged file is refused before its lock is asked for; SQLite itself asks for the lock first.
   */
  #assertUnheld(name: string): void {
    try {
      touch(sessionPath(this.#sessions, name));
    } catch (error) {
      throw asInUse(name, error);
    }
  }

  /** A process that opened it between our lock and the rename has the lock now. */
  #confirmMoved(kept: string, name: string, identity: SessionIdentity | null): void {
    openDatabase({ path: kept, role: "session", migrations: MIGRATIONS, exclusive: true }).close();
    const found = look(kept, this.#fleetKey);
    if (found.fingerprint !== (identity?.fingerprint ?? null))
      throw unverified(name, found.problem ?? "another key");
  }

  #restoreMissing(name: string, backup: string): null {
    privateFolder(this.#sessions);
    // Journals of the lost file would be played into the new one.
    const path = sessionPath(this.#sessions, name);
    const left = COMPANIONS.filter((suffix) => existsSync(path + suffix));
    const keptAs = left.length > 0 ? this.#free(name, "damaged") : "";
    for (const suffix of left) renameSync(path + suffix, keptAs + suffix);
    restoreNew(backup, this.#sessions, name);
    return null;
  }

  #restoreOver(name: string, backup: string): VaultEntry | null {
    try {
      return this.#withLock(name, (db) => {
        const identity = identityIn(db, name);
        const trashed = identity && this.#copy(identity, "trash", (target) => backupTo(db, target));
        restoreInto(db, backup);
        return trashed;
      });
    } catch (error) {
      if (!isDamage(error)) throw error;
      const path = sessionPath(this.#sessions, name);
      this.#assertUnheld(name);
      const keptAs = this.#free(name, "damaged");
      replaceDamaged(backup, path, { keptAs, dir: this.#sessions });
      return this.#entry(name, basename(keptAs, ".session"));
    }
  }

  #withLock<T>(name: string, work: (db: Database) => T): T {
    const path = sessionPath(this.#sessions, name);
    try {
      using db = openDatabase({ path, role: "session", migrations: MIGRATIONS, exclusive: true });
      return work(db);
    } catch (error) {
      throw asInUse(name, error);
    }
  }

  #copy(
    identity: SessionIdentity,
    reason: Exclude<VaultReason, "golden">,
    write: (target: string) => void,
  ): VaultEntry {
    const target = this.#free(identity.name, reason);
    write(target);
    // What is replaced may be broken itself: then a copy of the same is what there is to keep.
    this.#confirm(target, identity, { broken: reason === "trash" });
    return this.#entry(identity.name, basename(target, ".session"));
  }

  /** Throws away what is not the session. */
  #confirm(
    path: string,
    { name, fingerprint }: SessionIdentity,
    { broken }: { readonly broken: boolean },
  ): void {
    const found = look(path, this.#fleetKey);
    if ((found.verified || broken) && found.fingerprint === fingerprint) return;
    rmSync(path, { force: true });
    throw unverified(name, found.problem ?? "another key");
  }

  #entry(name: string, id: string): VaultEntry {
    const folder = join(this.#dir, name);
    const copy = copiesIn(folder).find((each) => each.id === id);
    if (!copy) throw notFound(name, id);
    return { ...copy, ...look(join(folder, `${id}.session`), this.#fleetKey) };
  }

  /**
   * The one just made stays, whatever time it bears: the clock may have been ahead when the others
   * were made.
   */
  #dropOld(name: string, justMade: string | null): void {
    const backups = copiesIn(join(this.#dir, name)).filter(({ kind }) => kind === "backup");
    const [scheduled, others] = [true, false].map((isScheduled) =>
      backups
        .filter(({ reason }) => (reason === "scheduled") === isScheduled)
        .toSorted((a, b) => Number(b.id === justMade) - Number(a.id === justMade)),
    );
    const old = [...(scheduled?.slice(KEPT_SCHEDULED) ?? []), ...(others?.slice(KEPT) ?? [])];
    for (const { id } of old) rmSync(join(this.#dir, name, `${id}.session`));
  }

  #folder(name: string): string {
    privateFolder(this.#dir);
    const folder = join(this.#dir, name);
    privateFolder(folder);
    return folder;
  }

  /** Path of a new copy; two within a millisecond get different names. */
  #free(name: string, reason: Exclude<VaultReason, "golden">): string {
    const folder = this.#folder(name);
    let at = this.#clock.now();
    while (existsSync(join(folder, copyName(at, reason)))) at += 1;
    return join(folder, copyName(at, reason));
  }
}
