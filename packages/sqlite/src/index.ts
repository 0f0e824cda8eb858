/** The only importer of better-sqlite3: opens every file in the same way; errors are data. */

export { type SqliteErrorCode, toSqliteError } from "./base/errors.ts";
export type { DurationStats, OperationStats, RecentWaits, SlowOperation } from "./base/measure.ts";
export { backupTo } from "./connection/backup.ts";
export {
  assertSound,
  assertStillThere,
  type CheckOptions,
  type CheckResult,
  checkDatabase,
} from "./connection/check.ts";
export {
  type CheckpointOptions,
  type DatabaseEvent,
  startCheckpoints,
} from "./connection/checkpoints.ts";
export {
  type CopyFacts,
  type CopyOptions,
  copyRunning,
  inspectCopy,
} from "./connection/copy-running.ts";
export {
  type CheckpointResult,
  Database,
  type DatabaseStats,
  type ReadAccess,
  type SqlParams,
  type SqlValue,
} from "./connection/database.ts";
export { lockForMachine, type MachineLock } from "./connection/machine-lock.ts";
export {
  type DatabaseRole,
  databaseOf,
  lockFile,
  type OpenOptions,
  openDatabase,
} from "./connection/open.ts";
export { openScratch } from "./connection/scratch.ts";
export {
  type OpenWhenFreeOptions,
  openWhenFree,
  type WaitForLock,
} from "./connection/when-free.ts";
export {
  findHolders,
  type Holder,
  type HolderOptions,
  type HolderReport,
} from "./holders/holders.ts";
export type { HeldLock } from "./holders/lock-table.ts";
export { printableCommand } from "./holders/redact.ts";
export { lockedBy, mainHolder } from "./holders/report.ts";
export { classifyFileSystem, type FileSystem, fileSystemOf } from "./inspect/file-system.ts";
export { type FileReport, type InspectOptions, inspectFile } from "./inspect/inspect-file.ts";
export { type FileProblem, fileProblem } from "./inspect/problems.ts";
