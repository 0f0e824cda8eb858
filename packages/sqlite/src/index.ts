/** The only importer of better-sqlite3: files that are opened the same way everywhere, and errors that are data. */
/** `backupTo(database: Database, target: string): void` */
export { backupTo } from "./backup.ts";
export { Database, type SqlParams, type SqlValue } from "./database.ts";
export { type SqliteErrorCode, toSqliteError } from "./errors.ts";
export { findHolders, type Holder, type HolderOptions, type HolderReport } from "./holders/holders.ts";
export type { HeldLock } from "./holders/lock-table.ts";
export { type ProcessIdentity, type ProcessState, processIdentity, sameProcess } from "./holders/process.ts";
export { printableCommand } from "./holders/redact.ts";
export { lockedBy, mainHolder } from "./holders/report.ts";
export { type DatabaseRole, lockFile, type OpenOptions, openDatabase } from "./open.ts";
