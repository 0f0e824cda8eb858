import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AppError, syncFile, syncFolder } from "@flotilla/kernel";
import { linkOrCopy, privateFolder, withPrivateTemp } from "../file/files.ts";
import { assertUnique, readIdentity, sessionPath } from "../file/identity.ts";
import { openIdle } from "../session/open.ts";
import { unverified } from "../session/vault-errors.ts";
import { Vault, type VaultOptions } from "./vault.ts";
import { copiesIn, GOLDEN, look } from "./vault-files.ts";

/** One file of a session that moves to another data folder. */
export interface TravelFile {
  /** `session`, or `vault/` and the id of a copy. */
  readonly name: string;
  readonly content: Buffer;
}

/** Vault copies that travel at most, the newest first; the golden one always does. Bytes. */
const MOST_COPIES_BYTES = 64 * 1024 * 1024;

/**
 * All files of a session that no process uses: a copy that was opened again and found whole, and
 * its vault copies. Without a session file only the copies. Throws AppError `session-in-use`,
 * `backup-unverified`, `sqlite-*`.
 */
export function packSession({ dataDir, fleetKey }: VaultOptions, name: string): TravelFile[] {
  const dir = join(dataDir, "sessions");
  const session = existsSync(sessionPath(dir, name))
    ? withPrivateTemp((temp) => {
        const copy = `${temp}/copy.session`;
        using store = openIdle({ dir, name, fleetKey });
        store.backupTo(copy);
        assertCopy(copy, name, store.identity()?.fingerprint ?? null, fleetKey);
        return [{ name: "session", content: readFileSync(copy) }];
      }, dir)
    : [];
  const folder = join(dataDir, "vault", name);
  let left = MOST_COPIES_BYTES;
  const copies = copiesIn(folder).filter(({ kind, bytes }) => {
    left -= bytes;
    return kind !== "trash" && (kind === "golden" || left >= 0);
  });
  return [
    ...session,
    ...copies.map(({ id }) => ({
      name: `vault/${id}`,
      content: readFileSync(join(folder, `${id}.session`)),
    })),
  ];
}

/**
 * Puts the files of {@link packSession} in place. The session comes last, and is opened and checked
 * before. A session of the same key that is there, as of an earlier try, goes to the trash. Throws
 * AppError `move-session-there` (one of another key is there), `backup-unverified`,
 * `session-duplicate`, `session-in-use`, `sqlite-*`, and what the system says; the session is then
 * not in place.
 */
export function unpackSession(
  options: VaultOptions,
  name: string,
  files: readonly TravelFile[],
): void {
  const { dataDir, fleetKey } = options;
  const dir = join(dataDir, "sessions");
  const folder = join(dataDir, "vault", name);
  privateFolder(dir);
  privateFolder(join(dataDir, "vault"));
  privateFolder(folder);
  for (const file of files.filter(({ name: each }) => each.startsWith("vault/")))
    keepCopy(folder, file);
  syncFolder(folder);
  const session = files.find((file) => file.name === "session");
  if (!session) return;
  withPrivateTemp((temp) => {
    const made = `${temp}/moved.session`;
    writeFileSync(made, session.content, { mode: 0o600, flag: "wx" });
    const identity = readIdentity(made, name);
    assertCopy(made, name, identity?.fingerprint ?? null, fleetKey);
    if (identity) assertUnique(dir, identity);
    makeRoom(options, name, identity?.fingerprint ?? null);
    syncFile(made);
    linkOrCopy(made, sessionPath(dir, name));
  }, dir);
  syncFolder(dir);
}

function keepCopy(folder: string, { name, content }: TravelFile): void {
  const id = name.slice("vault/".length);
  const path = join(folder, `${id}.session`);
  if (existsSync(path) && `${id}.session` !== GOLDEN) return;
  withPrivateTemp((temp) => {
    const made = `${temp}/copy`;
    writeFileSync(made, content, { mode: 0o600, flag: "wx" });
    syncFile(made);
    // The golden copy of the old host is newer than one of an earlier stay.
    renameSync(made, path);
  }, folder);
}

function makeRoom(options: VaultOptions, name: string, fingerprint: string | null): void {
  const path = sessionPath(join(options.dataDir, "sessions"), name);
  if (!existsSync(path)) return;
  const there = readIdentity(path, name)?.fingerprint ?? null;
  if (there !== null && there !== fingerprint)
    throw new AppError(
      "move-session-there",
      `Another session named ${name} is on that host. Remove it there first (🗑 Remove session).`,
      { details: { name } },
    );
  new Vault(options).trash(name);
}

/** A session without a login has no key to compare. */
function assertCopy(
  path: string,
  name: string,
  fingerprint: string | null,
  fleetKey: Buffer,
): void {
  const found = look(path, fleetKey);
  const isEmpty = fingerprint === null && found.problem === "no-key";
  if (isEmpty || (found.verified && found.fingerprint === fingerprint)) return;
  throw unverified(name, found.problem ?? "another key");
}
