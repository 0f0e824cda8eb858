import { AppError } from "@flotilla/kernel";

/** Why the vault refused. Nothing was changed then. */
export type VaultErrorCode =
  | "backup-unverified"
  | "backup-not-found"
  | "backup-damaged"
  | "nothing-to-back-up"
  | "session-in-use"
  | "session-not-found";

/** A copy that is not the session. It was thrown away. */
export function unverified(name: string, problem: string): AppError<VaultErrorCode> {
  const text =
    `The backup of "${name}" was made but did not pass its check (${problem}), so it was ` +
    "thrown away. Check the disk and its free space, then try again.";
  return new AppError("backup-unverified", text, { details: { name, problem } });
}

export function notFound(name: string, id: string): AppError<VaultErrorCode> {
  const text = `"${name}" has no backup "${id}". List them: flotilla restore ${name} --list`;
  return new AppError("backup-not-found", text, { details: { name } });
}

/** Why a copy cannot be used, and what helps, by its problem. */
const UNUSABLE: ReadonlyMap<string, string> = new Map([
  [
    "other-fleet-key",
    "it was encrypted with another FLEET_KEY; set that key, or choose a later backup",
  ],
  [
    "unreadable",
    "the system does not give it to us now; look at the disk and at the permissions of the " +
      "file, then try again",
  ],
]);

export function damagedBackup(name: string, problem: string): AppError<VaultErrorCode> {
  const why = UNUSABLE.get(problem) ?? "it is damaged or has no key; choose another one";
  return new AppError("backup-damaged", `This backup of "${name}" cannot be used: ${why}.`, {
    details: { name, problem },
  });
}

export function noKeyToKeep(name: string): AppError<VaultErrorCode> {
  const text = `"${name}" has never been logged in, so there is nothing to back up.`;
  return new AppError("nothing-to-back-up", text, { details: { name } });
}

export function inUse(name: string, cause: unknown): AppError<VaultErrorCode> {
  const text =
    `The session of "${name}" is in use by a running process. Stop the worker first (⏹ Stop in ` +
    "the chat), then try again.";
  return new AppError("session-in-use", text, { details: { name }, cause });
}

export function noSession(name: string): AppError<VaultErrorCode> {
  return new AppError("session-not-found", `There is no session of the name "${name}".`, {
    details: { name },
  });
}

const DAMAGE: ReadonlySet<string> = new Set([
  "sqlite-corrupt",
  "sqlite-not-a-database",
  "sqlite-truncated",
  "sqlite-empty",
  "sqlite-backup-bad",
]);

/** Whether an error says that a file is broken, so that restoring over it loses nothing. */
export function isDamage(error: unknown): boolean {
  return error instanceof AppError && DAMAGE.has(error.code);
}

/** Turns a held lock into the vault's error; rethrows anything else. */
export function asInUse(name: string, error: unknown): unknown {
  if (error instanceof AppError && error.code === "sqlite-locked") return inUse(name, error);
  return error;
}
