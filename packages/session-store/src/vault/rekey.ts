import { copyFileSync, existsSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { AppError, codeOf, fleetKeyId, syncFile, syncFolder, toError } from "@flotilla/kernel";
import { type Database, openDatabase } from "@flotilla/sqlite";
import { withAttachedToWrite } from "../file/attached.ts";
import { withPrivateTemp } from "../file/files.ts";
import { sessionNames, sessionPath } from "../file/identity.ts";
import { MIGRATIONS } from "../file/schema.ts";
import { assertFleetKey, seal, unseal } from "../keys/seal.ts";
import { isDamage } from "../session/vault-errors.ts";
import { rekeyRoute } from "../tables/route-slot.ts";
import { copiesIn } from "./vault-files.ts";

/** Options of {@link rekey}. */
export interface RekeyOptions {
  readonly dataDir: string;
  readonly oldKey: Buffer;
  readonly newKey: Buffer;
}

/** One file that was looked at. */
export interface RekeyedFile {
  /** From the data folder. */
  readonly file: string;
  /**
   * `already` = an earlier run did it; `empty` = there is no key in it; `failed` = it is as it was.
   */
  readonly outcome: "done" | "already" | "empty" | "failed";
  /** Why it failed. */
  readonly problem: { readonly code: string; readonly message: string } | null;
  /** It failed, and the old key would not have opened it either: waiting for it is of no use. */
  readonly hopeless: boolean;
}

interface KeyRow {
  readonly slot: string;
  readonly dc_id: number;
  readonly fleet_key_id: string | null;
  readonly fingerprint: string | null;
  readonly sealed: Buffer | null;
}

/**
 * Encrypts every session and every copy of one with `newKey`. Each file is changed in one
 * transaction (a copy is replaced by a rename), so after a crash in the middle every file opens
 * with one of the two keys and the next run, with the same two, does the rest. One file that fails
 * stops nothing. Throws AppError `bad-fleet-key`, `same-fleet-key`, and `session-in-use` before
 * anything is changed when a session is open.
 */
export function rekey({ dataDir, oldKey, newKey }: RekeyOptions): RekeyedFile[] {
  assertFleetKey(oldKey);
  assertFleetKey(newKey);
  if (oldKey.equals(newKey))
    throw new AppError("same-fleet-key", "The new key is the old one. Nothing was changed.");
  const keys = { oldKey, newKey };
  const dir = join(dataDir, "sessions");
  const sessions = sessionNames(dir);
  for (const name of sessions) assertFree(dir, name);
  return [
    ...sessions.map((name) =>
      attempt(`sessions/${name}.session`, () => rekeySession(sessionPath(dir, name), keys)),
    ),
    ...copies(join(dataDir, "vault")).map(({ file, path }) =>
      attempt(file, () => rekeyCopy(path, keys)),
    ),
  ];
}

type Keys = Pick<RekeyOptions, "oldKey" | "newKey">;

function assertFree(dir: string, name: string): void {
  try {
    openDatabase({
      path: sessionPath(dir, name),
      role: "session",
      migrations: MIGRATIONS,
      exclusive: true,
    }).close();
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "sqlite-locked") return;
    const text =
      `The session of "${name}" is in use. Stop Flotilla (every worker has the old key in ` +
      "memory), then try again. Nothing was changed.";
    throw new AppError("session-in-use", text, { cause: error, details: { name } });
  }
}

function attempt(file: string, work: () => RekeyedFile["outcome"]): RekeyedFile {
  try {
    return { file, outcome: work(), problem: null, hopeless: false };
  } catch (thrown) {
    const error = toError(thrown);
    const code = codeOf(error) ?? "unexpected";
    const hopeless = isDamage(error) || code === "wrong-fleet-key" || code === "key-unreadable";
    return { file, outcome: "failed", problem: { code, message: error.message }, hopeless };
  }
}

function rekeySession(path: string, keys: Keys): RekeyedFile["outcome"] {
  using db = openDatabase({ path, role: "session", migrations: MIGRATIONS, exclusive: true });
  return db.transaction(() => rekeyRows(db, "main", keys));
}

/** A copy is never changed in place: it is all there is when that goes wrong. */
function rekeyCopy(path: string, keys: Keys): RekeyedFile["outcome"] {
  return withPrivateTemp(
    (temp) => {
      const made = join(temp, "copy.session");
      copyFileSync(path, made);
      const outcome = withAttachedToWrite(made, (db) =>
        db.transaction(() => rekeyRows(db, "source", keys)),
      );
      if (outcome !== "done") return outcome;
      withAttachedToWrite(made, (db) => db.transaction(() => rekeyRows(db, "source", keys)));
      syncFile(made);
      renameSync(made, path);
      syncFolder(join(path, ".."));
      return outcome;
    },
    join(path, ".."),
  );
}

/** Every row is opened before any is written: a wrong key changes nothing. */
function rekeyRows(
  db: Database,
  schema: "main" | "source",
  { oldKey, newKey }: Keys,
): RekeyedFile["outcome"] {
  const rows = db.read<KeyRow>(
    `SELECT slot, dc_id, fleet_key_id, fingerprint, sealed FROM ${schema}.auth_key`,
  );
  const found = new Set<RekeyedFile["outcome"]>();
  const newId = fleetKeyId(newKey);
  for (const { slot, dc_id: dcId, fleet_key_id: keyId, fingerprint, sealed } of rows) {
    if (sealed === null || fingerprint === null) continue;
    const label = { dcId, fingerprint };
    if (keyId === newId) {
      unseal(sealed, newKey, label);
      found.add("already");
      continue;
    }
    if (keyId !== fleetKeyId(oldKey)) throw otherKey();
    const resealed = seal(unseal(sealed, oldKey, label), newKey, label);
    const sql = `UPDATE ${schema}.auth_key SET fleet_key_id = :newId, sealed = :resealed WHERE slot = :slot`;
    db.write(sql, { newId, resealed, slot });
    found.add("done");
  }
  rekeyRoute(db, schema, oldKey, newKey);
  if (found.has("done")) return "done";
  return found.has("already") ? "already" : "empty";
}

function otherKey(): AppError {
  return new AppError(
    "wrong-fleet-key",
    "It was encrypted with a third key, neither the old nor the new one. It is as it was.",
  );
}

function copies(vault: string): { file: string; path: string }[] {
  if (!existsSync(vault)) return [];
  return readdirSync(vault).flatMap((name) =>
    copiesIn(join(vault, name))
      .filter(({ reason }) => reason !== "damaged")
      .map(({ id }) => ({
        file: `vault/${name}/${id}.session`,
        path: join(vault, name, `${id}.session`),
      })),
  );
}
