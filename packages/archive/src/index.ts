/**
 * One encrypted file of a whole data folder (ADR 13): made while the fleet runs, verified, kept,
 * and restored all or nothing.
 */

export { type BackupLog, Backups, type BackupsDeps, runBackup } from "./due/backups.ts";
export { Copies, type Copy, type GoodCopy } from "./fleet/copies.ts";
export { type ArchivedOne, type ArchiveOneOptions, archiveOne } from "./fleet/copy-one.ts";
export { type DropOptions, dropOldArchives } from "./fleet/drop-old.ts";
export { archivesIn, type KeptArchive } from "./fleet/kept.ts";
export { type MadeArchive, type MakeOptions, makeArchive, verifyArchive } from "./fleet/make.ts";
export { type BackupNote, readBackupNote, writeBackupNote } from "./fleet/note.ts";
export { type DatabaseName, finishPutBack, type Replaced, setAside } from "./fleet/put-back.ts";
export {
  assertNoUnfinishedRestore,
  assertRestorable,
  holdDataDir,
  type RestoreOptions,
  restoreArchive,
} from "./fleet/restore.ts";
export { type LookOptions, lookInto, restoreOne } from "./fleet/restore-one.ts";
export { type ArchivedFile, type Manifest, workersIn } from "./format/manifest.ts";
export { keyIdOf, peekArchive } from "./format/read.ts";
export { openBytes, sealBytes } from "./sealed/bytes.ts";
export { newerArchive } from "./sealed/errors.ts";
