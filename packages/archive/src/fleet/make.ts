import { randomBytes } from "node:crypto";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { AppError, type Clock, fleetKeyId, makeFolder, syncFolderOf } from "@flotilla/kernel";
import { fileSystemOf, lockFile } from "@flotilla/sqlite";
import type { Manifest } from "../format/manifest.ts";
import { readArchive } from "../format/read.ts";
import { writeArchive } from "../format/write.ts";
import { type ArchiveErrorCode, toDiskError } from "../sealed/errors.ts";
import { bytesToCollect, collect } from "./collect.ts";
import { fleetIn } from "./fleet-in.ts";
import { archiveName, PARTIAL, partialsIn } from "./kept.ts";
import { openLossIn } from "./record-loss.ts";
import { assertUnpacked, unpackFile } from "./unpacked.ts";

/** Options of {@link makeArchive}. */
export interface MakeOptions {
  readonly dataDir: string;
  /** Folder that gets the archive; made when it is absent. */
  readonly folder: string;
  readonly fleetKey: Buffer;
  readonly host: string;
  /** Version of this program. */
  readonly program: string;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  /** Called before each write, also of what is removed again. For tests that break it there. */
  readonly onStep?: () => void;
}

/** A finished, verified archive. */
export interface MadeArchive {
  readonly path: string;
  readonly bytes: number;
  readonly manifest: Manifest;
  readonly tookMs: number;
  /**
   * When the host.db before the one in it was lost, while an owner has not decided about that yet:
   * only archives of before this time hold it. Null = there is no such loss.
   */
  readonly recordLostAt: number | null;
}

/** Free space that must be left for the fleet itself. */
const SPARE_BYTES = 64 * 1024 * 1024;
/** Folder of the data folder for the copies while an archive is made. */
const STAGING = "backing-up";

/**
 * Makes one archive of a data folder while its fleet runs: copies, seals, reads all of it back,
 * and gives it its name. Until then no archive of that name exists; after an error nothing is left,
 * after a kill the next call clears up. Throws AppError `backup-running`, `backup-nothing`,
 * `backup-folder`, `disk-full`, `archive-damaged` (the disk gave back something else), `sqlite-*`.
 */
export async function makeArchive(options: MakeOptions): Promise<MadeArchive> {
  const { dataDir, folder } = options;
  if (!existsSync(dataDir)) throw nothingThere(dataDir);
  using _alone = onlyOne(dataDir);
  const staging = join(dataDir, STAGING);
  try {
    removeLeftovers(options);
    prepareFolder(folder);
    assertSpace(dataDir, folder);
    mkdirSync(staging, { mode: 0o700 });
    return await make(options, staging);
  } catch (error) {
    throw toDiskError(error, `${folder} or of ${dataDir}`);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

async function make(options: MakeOptions, staging: string): Promise<MadeArchive> {
  const { dataDir, folder, fleetKey, host, program, clock, signal, onStep = () => {} } = options;
  const began = clock.monotonicMs();
  const { files, leftOut } = await collect({ dataDir, staging, fleetKey, signal, onStep });
  if (files.length === 0) throw nothingThere(dataDir);
  const at = clock.now();
  const recordLostAt = openLossIn(staging);
  const manifest: Manifest = {
    id: randomBytes(8).toString("hex"),
    program,
    fleet: fleetIn(staging),
    keyId: fleetKeyId(fleetKey),
    host,
    at,
    leftOut,
    files,
  };
  const path = freeName(folder, host, at);
  const partial = `${path}${PARTIAL}`;
  try {
    await writeArchive(partial, { manifest, folder: staging, fleetKey, signal, onStep });
    rmSync(staging, { recursive: true, force: true });
    await verifyArchive({ path: partial, fleetKey, scratch: staging, onStep });
    onStep();
    renameSync(partial, path);
    syncFolderOf(path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
  const tookMs = clock.monotonicMs() - began;
  return { path, bytes: statSync(path).size, manifest, tookMs, recordLostAt };
}

/** Options of {@link verifyArchive}. */
export interface VerifyOptions {
  readonly path: string;
  readonly fleetKey: Buffer;
  /** Folder that is made, used for one file at a time, and removed. */
  readonly scratch: string;
  readonly onStep?: () => void;
}

/**
 * Reads a whole archive and has SQLite look through each database in it. Throws as `readArchive`.
 */
export async function verifyArchive(options: VerifyOptions): Promise<Manifest> {
  const { path, fleetKey, scratch, onStep = () => {} } = options;
  const found: Manifest[] = [];
  try {
    await readArchive(path, fleetKey, {
      manifest: (manifest) => void found.push(manifest),
      file: async (file, content) => {
        rmSync(scratch, { recursive: true, force: true });
        assertUnpacked(path, file, await unpackFile(scratch, file, content, onStep));
      },
    });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const [manifest] = found;
  if (!manifest) throw new Error("an archive was read without its manifest");
  return manifest;
}

function onlyOne(dataDir: string): Disposable {
  try {
    return lockFile(join(dataDir, "backup.lock"));
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "sqlite-locked") throw error;
    const text = "Another backup of this data folder runs. Wait until it has finished.";
    throw new AppError<ArchiveErrorCode>("backup-running", text, { details: { dataDir } });
  }
}

/** Of a backup that was killed. Partial archives of other hosts may be in the making. */
function removeLeftovers({ dataDir, folder, host }: MakeOptions): void {
  rmSync(join(dataDir, STAGING), { recursive: true, force: true });
  for (const path of partialsIn(folder, host)) rmSync(path, { force: true });
}

function prepareFolder(folder: string): void {
  try {
    makeFolder(folder, 0o700);
    accessSync(folder, constants.W_OK);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
    const text =
      `Archives cannot be written into ${folder} (${code}). Make it writable for this user, or ` +
      "set BACKUP_DIR to another folder.";
    throw new AppError<ArchiveErrorCode>("backup-folder", text, {
      cause,
      details: { path: folder, code },
    });
  }
}

/** @NOTE the copies and the archive are there at the same time, at worst on one disk. */
function assertSpace(dataDir: string, folder: string): void {
  const needed = bytesToCollect(dataDir);
  const isOneDisk = statSync(dataDir).dev === statSync(folder).dev;
  const wanted = SPARE_BYTES + (isOneDisk ? 2 * needed : needed);
  for (const place of [dataDir, folder]) {
    const { freeBytes } = fileSystemOf(place);
    if (freeBytes >= wanted) continue;
    const [want, free] = [wanted, freeBytes].map((bytes) => Math.ceil(bytes / 1024 / 1024));
    const text =
      `The disk of ${place} has ${free} MB free, and a backup needs ${want} MB for a moment. ` +
      "Make room. Nothing was written.";
    throw new AppError<ArchiveErrorCode>("disk-full", text, { details: { path: place } });
  }
}

function freeName(folder: string, host: string, at: number): string {
  for (let time = at; ; time += 1) {
    const path = join(folder, archiveName(host, time));
    if (!existsSync(path)) return path;
  }
}

function nothingThere(dataDir: string): AppError {
  const text = `There is no fleet in ${dataDir} yet, so there is nothing to back up.`;
  return new AppError<ArchiveErrorCode>("backup-nothing", text, { details: { dataDir } });
}
