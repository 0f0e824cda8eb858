import type { ReadAccess } from "@flotilla/sqlite";
import { columnsOf } from "../file/attached.ts";
import { checkAddress, checkDc, checkFlags, checkKey, checkUserId } from "../keys/checks.ts";
import { refused } from "../keys/refusals.ts";
import type { ParsedSession } from "../session/parsed.ts";
import type { EntityRow } from "../tables/entities.ts";
import { entityRows, updateStates } from "./memory.ts";

interface Row {
  readonly dcId: number;
  readonly testMode: number | null;
  readonly key: Buffer | null;
  readonly userId: string | null;
  readonly isBot: number | null;
  readonly apiId: number | null;
  readonly address: string | null;
}

/**
 * Reads the attached file of Pyrogram or its successor Kurigram by the names of its columns
 * (docs/gramjs.md). Throws AppError with an `ImportErrorCode`.
 */
export function readPyrogram(db: ReadAccess): ParsedSession {
  const row = onlyRow(db);
  if (!row || (row.key === null && row.userId === null)) throw refused("import-not-logged-in");
  if (!Number.isInteger(row.dcId) || (row.key !== null && !Buffer.isBuffer(row.key)))
    throw refused("import-malformed", { details: { part: "column type" } });
  const authKey = checkKey(row.key ?? Buffer.alloc(0));
  checkFlags({ testMode: row.testMode ?? 0, isBot: row.isBot ?? 0 });
  if (typeof row.address === "string") checkAddress(row.address);
  const found = entityRows(db, "peers", {
    hash: "access_hash",
    phone: "phone_number",
    name: "",
    seen: "last_update_on",
  });
  const entities = withUsernames(db, found);
  return {
    format: "pyrogram-file",
    dcId: checkDc(row.dcId),
    authKey,
    userId: row.userId === null ? null : checkUserId(BigInt(row.userId)),
    apiId: Number.isSafeInteger(row.apiId) && Number(row.apiId) > 0 ? row.apiId : null,
    entities,
    ...updateStates(db, entities),
  };
}

function onlyRow(db: ReadAccess): Row | undefined {
  const has = columnsOf(db, "sessions");
  const optional = (name: string): string => (has.has(name) ? name : "NULL");
  const [first, second] = db.read<Row>(
    `SELECT dc_id AS dcId, test_mode AS testMode, auth_key AS key, is_bot AS isBot,
       CASE WHEN typeof(user_id) = 'integer' THEN CAST(user_id AS TEXT) END AS userId,
       ${optional("api_id")} AS apiId, ${optional("server_address")} AS address FROM source.sessions LIMIT 2`,
  );
  if (second) throw refused("import-malformed", { details: { part: "several keys" } });
  return first;
}

/** From version 4 on, names are in a table of their own. */
function withUsernames(db: ReadAccess, rows: EntityRow[]): EntityRow[] {
  const has = columnsOf(db, "usernames");
  if (!has.has("id") || !has.has("username")) return rows;
  const names = db.read<{ id: string; username: string }>(
    `SELECT CAST(id AS TEXT) AS id, username FROM source.usernames WHERE typeof(username) =
      'text' LIMIT 50000`,
  );
  const byId = new Map(names.map(({ id, username }) => [id, username.toLowerCase()]));
  return rows.map((row) => ({ ...row, username: byId.get(row.id) ?? row.username }));
}
