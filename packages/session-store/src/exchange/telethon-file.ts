import type { ReadAccess } from "@flotilla/sqlite";
import { columnsOf } from "../file/attached.ts";
import { checkAddress, checkDc, checkKey, checkUserId } from "../keys/checks.ts";
import { refused } from "../keys/refusals.ts";
import type { ParsedSession } from "../session/parsed.ts";
import { entityRows, updateStates } from "./memory.ts";

interface Row {
  readonly dcId: number;
  readonly address: string | null;
  readonly key: Buffer | null;
}

/**
 * Reads the attached Telethon file, versions 4 to 7, by the names of its columns (docs/gramjs.md):
 * key, entities, and where its update streams stopped. Throws AppError with an `ImportErrorCode`.
 */
export function readTelethon(db: ReadAccess): ParsedSession {
  const { dcId, address, key } = onlyRow(db);
  const authKey = checkKey(key ?? Buffer.alloc(0));
  if (typeof address === "string") checkAddress(address);
  const entities = entityRows(db, "entities", {
    hash: "hash",
    phone: "phone",
    name: "name",
    seen: "date",
  });
  return {
    format: "telethon-file",
    dcId: checkDc(dcId),
    authKey,
    userId: ownId(db),
    apiId: null,
    entities,
    ...updateStates(db, entities),
  };
}

/** Telethon keeps one row; with several the account's row is unknown. */
function onlyRow(db: ReadAccess): Row {
  const rows = db.read<Row>(
    "SELECT dc_id AS dcId, server_address AS address, auth_key AS key FROM source.sessions LIMIT 3",
  );
  const [first, second] =
    rows.length > 1 ? rows.filter(({ key }) => key !== null && key.length > 0) : rows;
  if (!first) throw refused("import-not-logged-in");
  if (second) throw refused("import-malformed", { details: { part: "several keys" } });
  if (!Number.isInteger(first.dcId) || (first.key !== null && !Buffer.isBuffer(first.key)))
    throw refused("import-malformed", { details: { part: "column type" } });
  return first;
}

/** Telethon stores its own user id as the access hash of entity 0. */
function ownId(db: ReadAccess): string | null {
  if (!columnsOf(db, "entities").has("hash")) return null;
  const sql =
    "SELECT CAST(hash AS TEXT) AS id FROM source.entities WHERE id = 0 AND typeof(hash) = 'integer'";
  const row = db.readOne<{ id: string }>(sql);
  return row ? checkUserId(BigInt(row.id)) : null;
}
