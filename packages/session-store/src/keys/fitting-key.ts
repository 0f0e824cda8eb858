import { basename, join } from "node:path";
import { AppError, type FoundKey, fleetKeyId } from "@flotilla/kernel";
import { withAttached } from "../file/attached.ts";
import { sessionNames, sessionPath } from "../file/identity.ts";

/** A fleet key that sessions are encrypted with, by its public name. */
interface WantedKey {
  readonly id: string;
  /** Sessions that want it, by name. */
  readonly sessions: readonly string[];
}

/**
 * Which fleet keys the sessions of a data folder want. One that is in use, or damaged, is passed
 * over. Opens only files that no process has open.
 */
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
 * The fleet key that `load` gives, when it opens at least one of the sessions that are there (of a
 * change of the key that was cut off both fit). Throws what `load` throws, with the key that the
 * sessions want and where it was found, and AppError `wrong-fleet-key` when it opens none of them.
 */
export function fittingFleetKey(
  dataDir: string,
  load: () => Buffer,
  found: readonly FoundKey[],
): Buffer {
  const key = attempt(load);
  if (!(key instanceof AppError)) {
    const wanted = wantedFleetKeys(dataDir);
    if (wanted.length === 0 || wanted.some(({ id }) => id === fleetKeyId(key))) return key;
    const fromEnv = found.some((each) => each.from === "env" && each.key.equals(key));
    const where = fromEnv ? "FLEET_KEY in the environment (or .env)" : join(dataDir, "fleet.key");
    const text = `The fleet key (${fleetKeyId(key)}) in ${where} opens none of the sessions in ${dataDir}.`;
    throw new AppError("wrong-fleet-key", `${text} ${advice(wanted, found)}`, {
      details: { wanted: wanted[0]?.id ?? null },
    });
  }
  if (key.code !== "no-fleet-key" && key.details["reason"] !== "damaged") throw key;
  const wanted = wantedFleetKeys(dataDir);
  throw new AppError(key.code, `${key.message} ${advice(wanted, found)}`, {
    details: { wanted: wanted[0]?.id ?? null },
  });
}

function advice(wanted: readonly WantedKey[], found: readonly FoundKey[]): string {
  const who = wanted.map(
    ({ id, sessions }) =>
      `${some(sessions)} ${sessions.length === 1 ? "wants" : "want"} the key ${id}`,
  );
  const fitting = found.find(({ key }) => wanted.some(({ id }) => id === fleetKeyId(key)));
  const where = fitting
    ? `That key is in ${fitting.where}.`
    : "Look for it in your backups of the data folder, in .env (FLEET_KEY) and the secrets of " +
      "this and the other hosts.";
  const hasEnv = found.some(({ from }) => from === "env");
  return [
    ...(who.length > 0 ? [`${who.join("; ")}.`] : []),
    where,
    `${remedy(fitting, hasEnv)} Nothing was changed.`,
  ].join(" ");
}

/** FLEET_KEY goes before the file: with it set, putting the file back mends nothing. */
function remedy(fitting: FoundKey | undefined, hasEnv: boolean): string {
  if (!hasEnv)
    return "Put it back as fleet.key (chmod 600), or set FLEET_KEY in .env, and start again.";
  if (fitting && basename(fitting.where) === "fleet.key")
    return (
      `FLEET_KEY in the environment (or .env) is another key than ${fitting.where}: remove it, ` +
      "and start again."
    );
  return (
    "FLEET_KEY in the environment (or .env) is another key: set FLEET_KEY to the right one, or " +
    "remove it and put the right one back as fleet.key (chmod 600), and start again."
  );
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
        db.readOne<{ id: string | null }>(
          "SELECT fleet_key_id AS id FROM source.auth_key WHERE slot = 'current'",
        )?.id ?? null,
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
