import { createHash, randomBytes } from "node:crypto";
import { createReadStream, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Clock, fleetKeyId } from "@flotilla/kernel";
import { backupTo, type Database, inspectCopy } from "@flotilla/sqlite";
import { type ArchivedFile, kindOf, type Manifest } from "../format/manifest.ts";
import { writeArchive } from "../format/write.ts";
import { toDiskError } from "../sealed/errors.ts";
import { fleetIn } from "./fleet-in.ts";
import { verifyArchive } from "./make.ts";
import type { DatabaseName } from "./put-back.ts";

/** Options of {@link archiveOne}. */
export interface ArchiveOneOptions {
  /** The open database, of this process. */
  readonly database: Database;
  readonly name: DatabaseName;
  readonly dataDir: string;
  readonly fleetKey: Buffer;
  readonly host: string;
  /** Version of this program. */
  readonly program: string;
  readonly clock: Pick<Clock, "now">;
}

/** An archive in memory, with what it says of itself. */
export interface ArchivedOne {
  readonly bytes: Buffer;
  readonly manifest: Manifest;
}

/**
 * Makes an archive of one database that this process has open: a verified copy, sealed, and read
 * back as a whole. `restoreOne` puts it back. Not inside a transaction. Leaves no file. Throws
 * AppError `archive-damaged`, `disk-full`, `sqlite-*`.
 */
export async function archiveOne(options: ArchiveOneOptions): Promise<ArchivedOne> {
  const { database, name, dataDir, fleetKey, host, program, clock } = options;
  const folder = join(dataDir, `copying-${name}`);
  const [path, scratch] = [join(folder, "archive"), join(folder, "read-back")];
  try {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { mode: 0o700 });
    const at = clock.now();
    backupTo(database, join(folder, name));
    const manifest: Manifest = {
      id: randomBytes(8).toString("hex"),
      program,
      fleet: fleetIn(folder),
      keyId: fleetKeyId(fleetKey),
      host,
      at,
      leftOut: [],
      files: [await fileOf(folder, name)],
    };
    await writeArchive(path, { manifest, folder, fleetKey, onStep: () => {} });
    await verifyArchive({ path, fleetKey, scratch });
    return { bytes: readFileSync(path), manifest };
  } catch (error) {
    throw toDiskError(error, dataDir);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function fileOf(folder: string, name: DatabaseName): Promise<ArchivedFile> {
  const path = join(folder, name);
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return {
    name,
    kind: kindOf(name) ?? "control",
    bytes: statSync(path).size,
    sha256: hash.digest("hex"),
    schema: inspectCopy(path).version,
    problem: null,
    identity: null,
  };
}
