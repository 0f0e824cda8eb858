import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeFolder } from "@flotilla/kernel";
import { inspectCopy } from "@flotilla/sqlite";
import type { ArchivedFile } from "../format/manifest.ts";
import { damagedArchive } from "../sealed/errors.ts";

/** Writes one file of an archive into `folder` (0600, synced) and returns its path. */
export async function unpackFile(
  folder: string,
  { name }: ArchivedFile,
  content: AsyncIterable<Buffer>,
  onStep: () => void,
): Promise<string> {
  const target = join(folder, name);
  makeFolder(dirname(target), 0o700);
  const descriptor = openSync(target, "wx", 0o600);
  try {
    for await (const piece of content) {
      onStep();
      for (let done = 0; done < piece.length; ) done += writeSync(descriptor, piece, done);
    }
    onStep();
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  return target;
}

/**
 * Opens an unpacked database and has SQLite look it through. One that was damaged already when the
 * archive was made passes. Throws AppError `archive-damaged`.
 */
export function assertUnpacked(archive: string, file: ArchivedFile, path: string): void {
  if (file.kind === "note" || file.schema === null) return;
  const { damage, version } = inspectCopy(path);
  if (damage !== null) throw damagedArchive(archive, `${file.name} in it is damaged (${damage})`);
  if (version !== file.schema)
    throw damagedArchive(archive, `${file.name} in it is of another version than it says`);
}
