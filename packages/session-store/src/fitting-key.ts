import { join } from "node:path";
import { AppError, fleetKeyId } from "@flotilla/kernel";
import { withAttached } from "./attached.ts";
import { sessionNames, sessionPath } from "./identity.ts";

/** A fleet key that sessions are encrypted with, by its public name. */
export interface WantedKey {
  readonly id: string;
  /** Sessions that want it, by name. */
  readonly sessions: readonly string[];
}

/** A key that was found while looking for the right one. */
interface FoundKey {
  readonly where: string;
  readonly key: Buffer;
}

/** Which fleet keys the sessions of a data folder want. One that is in use, or damaged, is passed over. Opens only files that no process has open. */
export function wantedFleetKeys(dataDir: string): WantedKey[] {
  const dir = join(dataDir, "sessions");
  const byId = new Map<string, string[]>();
  for (const name of sessionNames(dir)) {
    const id = wantedBy(sessionPath(dir, name));
    if (id !== null) byId.set(id, [...(byId.get(id) ?? []), name]);
  }
  return [...byId].map(([id, sessions]) => ({ id, sessions }));
}

/**
 * The fleet key that `load` gives, when it opens at least one of the sessions that are there (of a change of the key that was cut off both fit). Throws what
 * `load` throws, with the key that the sessions want and where it was found, and AppError `wrong-fleet-key` when it opens none of them.
 */
export function fittingFleetKey(dataDir: string, load: () => Buffer, found: readonly FoundKey[]): Buffer {
  const key = attempt(load);
  if (!(key instanceof AppError)) {
    const wanted = wantedFleetKeys(dataDir);
    if (wanted.length === 0 || wanted.some(({ id }) => id === fleetKeyId(key))) return key;
    const text = `The fleet key (${fleetKeyId(key)}) opens none of the sessions in ${dataDir}.`;
    throw new AppError("wrong-fleet-key", `${text} ${advice(wanted, found)}`, { details: { wanted: wanted[0]?.id ?? null } });
  }
  if (key.code !== "no-fleet-key" && !key.message.includes("damaged")) throw key;
  const wanted = wantedFleetKeys(dataDir);
  throw new AppError(key.code, `${key.message} ${advice(wanted, found)}`, { details: { wanted: wanted[0]?.id ?? null } });
}

function advice(wanted: readonly WantedKey[], found: readonly FoundKey[]): string {
  const who = wanted.map(({ id, sessions }) => `${some(sessions)} ${sessions.length === 1 ? "wants" : "want"} the key ${id}`);
  const fitting = found.find(({ key }) => wanted.some(({ id }) => id === fleetKeyId(key)));
  const where = fitting
    ? `That key is in ${fitting.where}.`
    : "Look for it in your backups of the data folder, in .env (FLEET_KEY) and the secrets of this and the other hosts.";
  const todo = "Put it back as fleet.key (chmod 600), or set FLEET_KEY in .env, and start again. Nothing was changed.";
  return [...(who.length > 0 ? [`${who.join("; ")}.`] : []), where, todo].join(" ");
}

const MOST_NAMES = 5;

function some(names: readonly string[]): string {
  const more = names.length - MOST_NAMES;
  return `${names.slice(0, MOST_NAMES).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

function wantedBy(path: string): string | null {
  try {
    return withAttached(
      path,
      (db) =>
        db.readOne<{ id: string | null }>("SELECT fleet_key_id AS id FROM source.auth_key WHERE slot = 'current'")?.id ?? null,
    );
  } catch {
    return null;
  }
}

function attempt(load: () => Buffer): Buffer | AppError {
  try {
    return load();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}
