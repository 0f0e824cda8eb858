import { AppError, type ErrorCode } from "@flotilla/kernel";

/** Error codes of this package. */
export type ArchiveErrorCode = Extract<
  ErrorCode,
  `archive-${string}` | `backup-${string}` | `restore-${string}` | "wrong-fleet-key" | "disk-full"
>;

/** The file begins like no archive of Flotilla. */
export function notAnArchive(path: string): AppError {
  const text = `${path} is not an archive of Flotilla. It was only read.`;
  return new AppError<ArchiveErrorCode>("archive-foreign", text, { details: { path } });
}

/** A part of it is missing, changed or in another place. `what` is a clause without a full stop. */
export function damagedArchive(path: string, what: string, cause?: unknown): AppError {
  const text =
    `The archive ${path} is damaged: ${what}. Nothing of it was used. Take another copy of it, ` +
    "or an older archive.";
  return new AppError<ArchiveErrorCode>("archive-damaged", text, {
    details: { path },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** A newer version wrote it. `what` names its version and the one that this program knows. */
export function newerArchive(path: string, what: string): AppError {
  const text =
    `The archive ${path} was made by a newer version of Flotilla (${what}). Install that version ` +
    "here, then try again. Nothing was changed.";
  return new AppError<ArchiveErrorCode>("archive-newer", text, { details: { path } });
}

/** It was sealed with another FLEET_KEY: both are named by their ids. */
export function otherKey(path: string, wanted: string, mine: string): AppError {
  const text =
    `The archive ${path} was sealed with the FLEET_KEY of id ${wanted}; the one here has the id ` +
    `${mine}. Set FLEET_KEY to the right one, or put it back as fleet.key. Nothing was changed.`;
  return new AppError<ArchiveErrorCode>("wrong-fleet-key", text, {
    details: { path, wanted, mine },
  });
}

const FULL: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "sqlite-full"]);

/** AppError `disk-full` for an error that says so; any other error as it is. */
export function toDiskError(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code ?? "";
  if (!FULL.has(code)) return error;
  const text = `The disk of ${path} is full. Make room, then try again. Nothing is left of this try.`;
  return new AppError<ArchiveErrorCode>("disk-full", text, { cause: error, details: { path } });
}
