/** The only importer of better-sqlite3: files that are opened the same way everywhere, and errors that are data. */
/** `backupTo(database: Database, target: string): void` */
export { backupTo } from "./backup.ts";
export { type CheckpointOptions, type DatabaseEvent, startCheckpoints } from "./checkpoints.ts";
export {
  type CheckpointResult,
  Database,
  type DatabaseStats,
  type ReadAccess,
  type SqlParams,
  type SqlValue,
} from "./database.ts";
export { type SqliteErrorCode, toSqliteError } from "./errors.ts";
export { findHolders, type Holder, type HolderOptions, type HolderReport } from "./holders/holders.ts";
export type { HeldLock } from "./holders/lock-table.ts";
export { printableCommand } from "./holders/redact.ts";
export { lockedBy, mainHolder } from "./holders/report.ts";
export { assertSound, assertStillThere, type CheckOptions, type CheckResult, checkDatabase } from "./inspect/check.ts";
export { classifyFileSystem, type FileSystem, fileSystemOf } from "./inspect/file-system.ts";
export { type FileReport, type InspectOptions, inspectFile } from "./inspect/inspect-file.ts";
export { type FileProblem, fileProblem } from "./inspect/problems.ts";
export { lockForMachine, type MachineLock } from "./machine-lock.ts";
export type { DurationStats, OperationStats, RecentWaits, SlowOperation } from "./measure.ts";
export { type DatabaseRole, lockFile, type OpenOptions, openDatabase } from "./open.ts";
export { openScratch } from "./scratch.ts";
export { type OpenWhenFreeOptions, openWhenFree, transactionWhenFree, type WaitForLock } from "./when-free.ts";
