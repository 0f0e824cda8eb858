import { bareChannel, markedChannel } from "@flotilla/kernel";
import type { ReadAccess } from "@flotilla/sqlite";
import { columnsOf } from "../file/attached.ts";
import { type EntityRow, MAX_ENTITIES } from "../tables/entities.ts";
import type { ChannelState, UpdateState } from "../tables/types.ts";

/** How a table of entities names its columns. */
export interface EntityColumns {
  readonly hash: string;
  readonly phone: string;
  readonly name: string;
  /** When the row was seen last. */
  readonly seen: string;
}

const HIGHEST_PTS = 2 ** 31 - 1;

/**
 * Users, groups and channels that the other program knew, the latest first. It used the same marked
 * ids. Rows that are not what they should be are left out: they are a memory, nothing depends on
 * any one of them.
 */
export function entityRows(
  db: ReadAccess,
  table: "entities" | "peers",
  names: EntityColumns,
): EntityRow[] {
  const has = columnsOf(db, table);
  if (!has.has("id") || !has.has(names.hash)) return [];
  const text = (column: string): string =>
    has.has(column)
      ? `CASE WHEN typeof(${column}) IN ('text', 'integer') THEN CAST(${column} AS TEXT) END`
      : "NULL";
  const order = has.has(names.seen) ? `ORDER BY ${names.seen} DESC` : "";
  const rows = db.read<{ [Key in keyof EntityRow]: string | null }>(
    `SELECT CAST(id AS TEXT) AS id, CAST(${names.hash} AS TEXT) AS hash,
       ${text("username")} AS username, ${text(names.phone)} AS phone, ${text(names.name)} AS name
     FROM source.${table}
     WHERE typeof(id) = 'integer' AND id <> 0 AND typeof(${names.hash}) = 'integer'
     ${order} LIMIT ${MAX_ENTITIES}`,
  );
  return rows.map(({ id, hash, username, phone, name }) => ({
    id: id ?? "",
    hash: hash ?? "0",
    username: username?.toLowerCase().replace(/^@/, "") || null,
    phone: phone?.replace(/\D/g, "") || null,
    name: name || null,
  }));
}

/**
 * Row 0 is the account; every other row is a channel by its bare id, of which only `pts` counts.
 */
export function updateStates(
  db: ReadAccess,
  entities: readonly EntityRow[],
): { readonly updateState: UpdateState | null; readonly channels: readonly ChannelState[] } {
  const has = columnsOf(db, "update_state");
  if (!["id", "pts", "qts", "date", "seq"].every((name) => has.has(name)))
    return { updateState: null, channels: [] };
  const rows = db.read<UpdateState & { readonly id: string }>(
    `SELECT CAST(id AS TEXT) AS id, pts, qts, date, seq FROM source.update_state WHERE typeof(id) = 'integer'
       AND typeof(pts) = 'integer' AND typeof(qts) = 'integer' AND typeof(date) = 'integer' AND typeof(seq) = 'integer'
       AND pts BETWEEN 1 AND ${HIGHEST_PTS} LIMIT ${MAX_ENTITIES}`,
  );
  const own = rows.find(({ id }) => id === "0");
  const hashes = new Map(entities.map(({ id, hash }) => [id, hash]));
  const channels = rows.flatMap(({ id, pts }) => channelState(id, pts, hashes));
  const updateState =
    own && inRange(own) ? { pts: own.pts, qts: own.qts, date: own.date, seq: own.seq } : null;
  return { updateState, channels };
}

/** Telethon writes the bare id, Kurigram the marked one. */
function channelState(
  id: string,
  pts: number,
  hashes: ReadonlyMap<string, string>,
): ChannelState[] {
  const bare = bareChannel(id) ?? id;
  if (!/^[1-9]\d*$/.test(bare)) return [];
  return [{ id: bare, pts, hash: hashes.get(markedChannel(bare)) ?? null }];
}

function inRange({ qts, date, seq }: UpdateState): boolean {
  return [qts, date, seq].every((value) => value >= 0 && value <= HIGHEST_PTS);
}
