import { existsSync, rmSync } from "node:fs";
import { type Clock, syncFile, syncFolder, systemClock } from "@flotilla/kernel";
import { openDatabase } from "@flotilla/sqlite";
import { COMPANIONS, linkOrCopy, privateFolder, withPrivateTemp } from "../file/files.ts";
import {
  announce,
  assertUnique,
  type SessionIdentity,
  sessionPath,
  unannounce,
} from "../file/identity.ts";
import { MIGRATIONS } from "../file/schema.ts";
import { KeySlots } from "../keys/key-slots.ts";
import { refused } from "../keys/refusals.ts";
import { assertFleetKey } from "../keys/seal.ts";
import { addressOf, type ImportServer, identityOf, writeMemory } from "../session/adopt.ts";
import type { ParsedSession } from "../session/parsed.ts";
import { AccountRows } from "../tables/account-rows.ts";
import type { SessionFormat } from "../tables/types.ts";
import { type ImportSource, readSession } from "./read.ts";

/** Options of {@link importSession}. */
export interface ImportOptions {
  readonly source: ImportSource;
  /** Folder of the sessions. */
  readonly dir: string;
  /** Name of the worker it is for; checked by the caller. */
  readonly name: string;
  readonly fleetKey: Buffer;
  readonly server: ImportServer;
  readonly clock?: Clock;
}

/** What was imported; nothing in it is secret. */
export interface ImportedSession extends SessionIdentity {
  readonly path: string;
  readonly format: SessionFormat;
  readonly dcId: number;
  readonly apiId: number | null;
  readonly entities: number;
  /** True when catch-up starts where the other program stopped. */
  readonly resumes: boolean;
  readonly channels: number;
}

/**
 * Makes a new session file from a session of another program. Nothing is ever overwritten; until
 * the first connection has seen the account, `store.origin().verifiedAt` is null. The caller has
 * made the operator confirm that the other program stops for ever. Throws AppError with an
 * `ImportErrorCode`, `session-duplicate`, `session-neighbour-unknown`, `sqlite-*`; nothing is left
 * behind then.
 */
export function importSession(options: ImportOptions): ImportedSession {
  const parsed = inspectImport(options);
  const { dir, name } = options;
  const path = sessionPath(dir, name);
  withPrivateTemp((temp) => {
    const made = sessionPath(temp, name);
    write(made, parsed, options);
    syncFile(made);
    placeNew(made, path);
  }, dir);
  syncFolder(dir);
  const identity = identityOf(parsed, name);
  try {
    announce(dir, identity);
  } catch (error) {
    rmSync(path);
    unannounce(dir, name);
    throw error;
  }
  return { ...identity, path, ...summary(parsed) };
}

/**
 * All checks of {@link importSession} without making a session. Throws the same errors. The result
 * holds the key.
 */
export function inspectImport(options: ImportOptions): ParsedSession {
  assertFree(sessionPath(options.dir, options.name));
  return readForAdoption(options);
}

/**
 * The same for a session that is to go into the file of a worker which has one: {@link
 * SessionStore.adopt}.
 */
export function readForAdoption({
  source,
  dir,
  name,
  fleetKey,
}: Omit<ImportOptions, "server">): ParsedSession {
  assertFleetKey(fleetKey);
  privateFolder(dir);
  const parsed = readSession(source, fleetKey, dir);
  assertUnique(dir, identityOf(parsed, name));
  return parsed;
}

function summary({ format, dcId, apiId, entities, updateState, channels }: ParsedSession) {
  return {
    format,
    dcId,
    apiId,
    entities: entities.length,
    resumes: updateState !== null,
    channels: channels.length,
  };
}

function assertFree(path: string): void {
  if (["", ...COMPANIONS].some((suffix) => existsSync(path + suffix)))
    throw refused("session-exists");
}

/** A second name for the same file fails when the name is taken, which a rename would not. */
function placeNew(made: string, path: string): void {
  assertFree(path);
  try {
    linkOrCopy(made, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") throw refused("session-exists");
    throw error;
  }
}

function write(
  path: string,
  parsed: ParsedSession,
  { fleetKey, server, clock = systemClock }: ImportOptions,
): void {
  using db = openDatabase({ path, role: "session", migrations: MIGRATIONS, exclusive: true });
  const account = new AccountRows(db);
  db.transaction(() => {
    new KeySlots(db, fleetKey).write("current", addressOf(parsed, server), parsed.authKey);
    writeMemory(db, account, parsed, clock.now());
  });
}
