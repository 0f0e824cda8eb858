import { rmSync } from "node:fs";
import { peekArchive } from "../format/read.ts";
import { archivesIn, type KeptArchive } from "./kept.ts";
import type { MadeArchive } from "./make.ts";

/** Options of {@link dropOldArchives}. */
export interface DropOptions {
  readonly host: string;
  /** BACKUP_KEEP; the one that was just made counts. */
  readonly keep: number;
  readonly fleetKey: Buffer;
  /** A verified one: nothing else is removed than what it makes one too many. */
  readonly justMade: Pick<MadeArchive, "path" | "recordLostAt">;
}

/**
 * Removes a host's archives beyond `keep`, the oldest first, and returns their paths. Of each
 * database the last `keep` good copies stay, too: while one is damaged, gone, or lost and not yet
 * decided about, new archives are no copies of it and take no place of those that are. `justMade`
 * stays whatever time it bears.
 */
export async function dropOldArchives(folder: string, options: DropOptions): Promise<string[]> {
  const { host, keep, justMade } = options;
  const all = archivesIn(folder, host);
  const isNew = ({ path }: KeptArchive): boolean => path === justMade.path;
  const counts = new Map<string, number>();
  const old: string[] = [];
  for (const each of [...all.filter(isNew), ...all.filter((other) => !isNew(other))]) {
    const kinds = ["any", ...(await goodCopiesIn(each, options))];
    const isOld = kinds.every((kind) => (counts.get(kind) ?? 0) >= keep);
    for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    if (isOld) old.push(each.path);
  }
  for (const path of old) rmSync(path, { force: true });
  return old;
}

/** Names of the databases that an archive can bring back; none if it cannot be read. */
async function goodCopiesIn(
  { path, at }: KeptArchive,
  { fleetKey, justMade: { recordLostAt } }: DropOptions,
): Promise<string[]> {
  const files = await peekArchive(path, fleetKey).then(
    (manifest) => manifest.files,
    () => [],
  );
  const isOfLoss = recordLostAt !== null && at >= recordLostAt;
  return files.flatMap(({ kind, name, schema }) => {
    if (kind === "host" && isOfLoss) return [];
    return (kind === "control" || kind === "host") && schema !== null ? [name] : [];
  });
}
