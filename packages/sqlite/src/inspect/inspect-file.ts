import { accessSync, type BigIntStats, constants, existsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { AppError } from "@flotilla/kernel";
import { toSqliteError } from "../base/errors.ts";
import { type FileSystem, fileSystemOf } from "./file-system.ts";
import { isOpenHere, readHeader } from "./header.ts";
import { fileProblem } from "./problems.ts";

/** Result of {@link inspectFile}. */
export interface FileReport {
  readonly path: string;
  /** The most severe problem, as an error to throw; null when the file can be opened. */
  readonly problem: AppError | null;
  readonly exists: boolean;
  readonly sizeBytes: number;
  readonly walBytes: number;
  /**
   * Number of hard links. With more than one, two programs may use separate journals
   * (https://sqlite.org/howtocorrupt.html 2.5).
   */
  readonly names: number;
  /** True = other users can read or write it. `openDatabase` restricts the mode. */
  readonly tooOpen: boolean;
  readonly fileSystem: FileSystem;
  /**
   * False = this process has the file open; reading it again would drop its locks, so its content
   * was not inspected.
   */
  readonly contentRead: boolean;
}

/** Expectations of {@link inspectFile}. */
export interface InspectOptions {
  /** A missing or empty file is not a problem: it becomes a new database. */
  readonly create?: boolean;
  /** Free bytes below which the problem is `sqlite-full`. Default 1 MiB. */
  readonly minFreeBytes?: number;
  /** Default {@link fileSystemOf}. */
  readonly fileSystem?: (folder: string) => FileSystem;
}

const MIN_FREE_BYTES = 1024 * 1024;
const WAL_HEADER_BYTES = 32;

/**
 * Inspects a database file before it is opened: place, owner, permissions, size, header, free
 * space. Changes nothing. Does not read the content of a file that this process has open. The
 * result's `problem` has a code of `FileProblem`.
 * @throws AppError `sqlite-cantopen` when the folder is not accessible, or a part of the path is
 * not a folder
 */
export function inspectFile(path: string, options: InspectOptions = {}): FileReport {
  try {
    return inspect(path, options);
  } catch (error) {
    throw toSqliteError(error, path);
  }
}

function inspect(path: string, options: InspectOptions): FileReport {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  const fileSystem = (options.fileSystem ?? fileSystemOf)(existingFolder(path));
  const contentRead = stat?.isFile() === true && !isOpenHere(stat.dev, stat.ino);
  const problem =
    problemOfPlace(path, fileSystem) ??
    (stat
      ? problemOfFile(path, stat, options.create === true, contentRead)
      : problemOfMissing(path, options.create === true)) ??
    problemOfSpace(path, fileSystem, options.minFreeBytes ?? MIN_FREE_BYTES);
  return {
    path,
    problem,
    exists: stat !== undefined,
    sizeBytes: Number(stat?.size ?? 0),
    walBytes: sizeOf(`${path}-wal`),
    names: Number(stat?.nlink ?? 0),
    tooOpen: process.platform !== "win32" && stat !== undefined && (stat.mode & 0o077n) !== 0n,
    fileSystem,
    contentRead,
  };
}

function existingFolder(path: string): string {
  let folder = dirname(resolve(path));
  while (statSync(folder, { throwIfNoEntry: false }) === undefined) folder = dirname(folder);
  return folder;
}

function problemOfPlace(path: string, { name, network }: FileSystem): AppError | null {
  if (network) return fileProblem("sqlite-network-fs", path, { fileSystem: name });
  return null;
}

function problemOfMissing(path: string, create: boolean): AppError | null {
  const journal = ["-wal", "-journal"].find((suffix) => sizeOf(path + suffix) > 0);
  // SQLite would replay the old journal into the new file.
  if (journal !== undefined) return fileProblem("sqlite-deleted", path, { journal });
  return create ? null : fileProblem("sqlite-missing", path);
}

function problemOfFile(
  path: string,
  stat: BigIntStats,
  create: boolean,
  contentRead: boolean,
): AppError | null {
  if (!stat.isFile())
    return fileProblem("sqlite-not-a-database", path, { kind: "not a regular file" });
  const user = process.geteuid?.();
  if (user !== undefined && stat.uid !== BigInt(user))
    return fileProblem("sqlite-foreign-owner", path, { ownerUid: Number(stat.uid), ourUid: user });
  const reason = notWritable(path) ?? notWritable(dirname(path));
  if (reason !== null) return fileProblem("sqlite-readonly", path, { reason });
  if (stat.size === 0n)
    return create && sizeOf(`${path}-wal`) === 0 ? null : fileProblem("sqlite-empty", path);
  return contentRead ? problemOfContent(path, Number(stat.size)) : null;
}

function notWritable(path: string): string | null {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "unknown";
  }
}

function problemOfContent(path: string, sizeBytes: number): AppError | null {
  let header: ReturnType<typeof readHeader>;
  try {
    header = readHeader(path);
  } catch (error) {
    return toSqliteError(error, path);
  }
  if (header === "damaged") return fileProblem("sqlite-not-a-database", path, { sizeBytes });
  if (header === "short") return fileProblem("sqlite-truncated", path, { sizeBytes });
  // With a journal the file may be shorter than its header says: the journal holds the rest.
  if (sizeOf(`${path}-wal`) > WAL_HEADER_BYTES || sizeOf(`${path}-journal`) > 0) return null;
  const wantedBytes = header.pages === null ? null : header.pages * header.pageSize;
  if (sizeBytes % header.pageSize !== 0 || (wantedBytes !== null && sizeBytes < wantedBytes))
    return fileProblem("sqlite-truncated", path, { sizeBytes, wantedBytes });
  return null;
}

function problemOfSpace(
  path: string,
  { freeBytes }: FileSystem,
  minFreeBytes: number,
): AppError | null {
  if (freeBytes < minFreeBytes) return fileProblem("sqlite-full", path, { freeBytes });
  return null;
}

function sizeOf(path: string): number {
  return existsSync(path) ? statSync(path).size : 0;
}
