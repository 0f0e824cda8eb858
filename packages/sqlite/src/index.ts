/** The only importer of better-sqlite3: files that are opened the same way everywhere, and errors that are data. */
/** `backupTo(database: Database, target: string): void` */
export { backupTo } from "./backup.ts";
export { Database, type SqlParams, type SqlValue } from "./database.ts";
export { type SqliteErrorCode, toSqliteError } from "./errors.ts";
export { type DatabaseRole, lockFile, type OpenOptions, openDatabase } from "./open.ts";
