import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { AppError, fileStamp, fleetKeyId } from "@flotilla/kernel";
import type { ReadAccess } from "@flotilla/sqlite";
import { isWhole, refusesFile, withAttached } from "../file/attached.ts";
import { neighbourOf, type SessionIdentity, sessionPath } from "../file/identity.ts";
import { unseal } from "../keys/seal.ts";

/**
 * Why a copy was made. `trash` and `damaged` are what was taken out of use; `golden` is the state
 * right after a login.
 */
export type VaultReason =
  | "manual"
  | "scheduled"
  | "before-login"
  | "before-restore"
  | "before-upgrade"
  | "old-golden"
  | "golden"
  | "trash"
  | "damaged";

/** One copy of a session. */
export interface VaultEntry {
  /** Names the copy within its session, for {@link VaultReason} `golden` just `golden`. */
  readonly id: string;
  readonly kind: "backup" | "golden" | "trash";
  readonly reason: VaultReason;
  /** When it was made, in milliseconds since the Unix epoch. */
  readonly at: number;
  readonly bytes: number;
  /** Opened just now: SQLite finds it whole, and its key opens with the present fleet key. */
  readonly verified: boolean;
  /** Why not; null when verified. */
  readonly problem: "damaged" | "unreadable" | "in-use" | "no-key" | "other-fleet-key" | null;
  /** Fingerprint of its key, when it could be read. */
  readonly fingerprint: string | null;
  readonly userId: string | null;
}

const FILE = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z\.([a-z-]+)\.session$/;
const REASONS: ReadonlySet<string> = new Set<VaultReason>([
  "manual",
  "scheduled",
  "before-login",
  "before-restore",
  "before-upgrade",
  "old-golden",
  "trash",
  "damaged",
]);
export const GOLDEN = "golden.session";

/** File name of a new copy: its time in UTC and its reason. */
export function copyName(at: number, reason: Exclude<VaultReason, "golden">): string {
  return `${fileStamp(at)}.${reason}.session`;
}

/** Copies of one session without looking into them, the latest first; the golden one leads. */
export function copiesIn(
  folder: string,
): Pick<VaultEntry, "id" | "kind" | "reason" | "at" | "bytes">[] {
  return filesIn(folder)
    .flatMap((file) => {
      const found = parseName(file);
      const stat = found && statSync(join(folder, file), { throwIfNoEntry: false });
      if (found && stat) return [{ ...found, at: found.at ?? stat.mtimeMs, bytes: stat.size }];
      return [];
    })
    .toSorted((a, b) => Number(b.kind === "golden") - Number(a.kind === "golden") || b.at - a.at);
}

/** Opens a copy and says what is in it. Never throws for what is wrong with the file. */
export function look(
  path: string,
  fleetKey: Buffer,
): Pick<VaultEntry, "verified" | "problem" | "fingerprint" | "userId"> {
  const nothing = { verified: false, fingerprint: null, userId: null } as const;
  try {
    return withAttached(path, (db) => {
      if (!isWhole(db)) return { ...nothing, problem: "damaged" };
      const row = db.readOne<KeyRow>(
        "SELECT dc_id, fleet_key_id, fingerprint, sealed FROM source.auth_key WHERE slot = 'current'",
      );
      if (!row) return { ...nothing, problem: "no-key" };
      const userId = db.readOne<{ id: string }>("SELECT id FROM source.self")?.id ?? null;
      const known = { fingerprint: row.fingerprint, userId };
      if (row.fleet_key_id !== fleetKeyId(fleetKey))
        return { ...known, verified: false, problem: "other-fleet-key" };
      const verified = opens(row, fleetKey);
      return { ...known, verified, problem: verified ? null : "damaged" };
    });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (error.code === "sqlite-locked") return { ...nothing, problem: "in-use" };
    return { ...nothing, problem: refusesFile(error) ? "unreadable" : "damaged" };
  }
}

/**
 * Fingerprint of the key that a session has at present; null when it has none, cannot be read, or
 * is not there. While it is in use, what its owner noted counts. A note about a file that was
 * damaged since is not believed.
 */
export function presentKey(sessions: string, name: string, fleetKey: Buffer): string | null {
  const found = look(sessionPath(sessions, name), fleetKey);
  if (found.problem !== "in-use") return found.problem === "damaged" ? null : found.fingerprint;
  const owner = neighbourOf(sessions, name);
  return owner.kind === "known" ? owner.identity.fingerprint : null;
}

/** Throws AppError `sqlite-locked` when an owner has the file, however damaged it is. */
export function touch(path: string): void {
  try {
    withAttached(path, (db) => db.readOne("SELECT 1 FROM source.sqlite_schema"));
  } catch (error) {
    if (error instanceof AppError && error.code === "sqlite-locked") throw error;
  }
}

interface KeyRow {
  readonly dc_id: number;
  readonly fleet_key_id: string;
  readonly fingerprint: string;
  readonly sealed: Buffer;
}

function opens({ dc_id, fingerprint, sealed }: KeyRow, fleetKey: Buffer): boolean {
  try {
    unseal(sealed, fleetKey, { dcId: dc_id, fingerprint });
    return true;
  } catch {
    return false;
  }
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function parseName(
  file: string,
): { id: string; kind: VaultEntry["kind"]; reason: VaultReason; at: number | null } | null {
  if (file === GOLDEN) return { id: "golden", kind: "golden", reason: "golden", at: null };
  const match = FILE.exec(file);
  const reason = match?.[8] ?? "";
  if (!match || !REASONS.has(reason)) return null;
  const [, year, month, day, hour, minute, second, ms] = match.map(Number);
  const at = Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second, ms);
  const kind = reason === "trash" || reason === "damaged" ? "trash" : "backup";
  return { id: file.slice(0, -".session".length), kind, reason: reason as VaultReason, at };
}

/** Key and account of an open session; null without a key. */
export function identityIn(db: ReadAccess, name: string): SessionIdentity | null {
  const key = db.readOne<{ fingerprint: string }>(
    "SELECT fingerprint FROM auth_key WHERE slot = 'current'",
  );
  const self = db.readOne<{ id: string }>("SELECT id FROM self");
  if (key) return { name, fingerprint: key.fingerprint, userId: self?.id ?? null };
  return null;
}
