import { AppError, fleetKeyId } from "@flotilla/kernel";
import type { ReadAccess } from "@flotilla/sqlite";
import { columnsOf } from "../file/attached.ts";
import { refused } from "../keys/refusals.ts";
import { unseal } from "../keys/seal.ts";
import type { ParsedSession } from "../session/parsed.ts";
import type { EntityRow } from "../tables/entities.ts";
import type { ChannelState, UpdateState } from "../tables/types.ts";

interface KeyRow {
  readonly dc_id: number;
  readonly fleet_key_id: string;
  readonly fingerprint: string;
  readonly sealed: Buffer;
}

/**
 * Reads an attached session file of ours: a backup, or one from another folder that has the same
 * FLEET_KEY.
 */
export function readOwn(db: ReadAccess, fleetKey: Buffer): ParsedSession {
  const row = db.readOne<KeyRow>("SELECT * FROM source.auth_key WHERE slot = 'current'");
  if (!row) throw refused("import-not-logged-in");
  if (row.fleet_key_id !== fleetKeyId(fleetKey)) throw refused("import-other-fleet-key");
  const origin = columnsOf(db, "origin").has("api_id")
    ? db.readOne<{ api_id: number | null }>("SELECT api_id FROM source.origin")
    : undefined;
  return {
    format: "flotilla-file",
    dcId: row.dc_id,
    authKey: openKey(row, fleetKey),
    userId: db.readOne<{ id: string }>("SELECT id FROM source.self")?.id ?? null,
    apiId: origin?.api_id ?? null,
    entities: db.read<EntityRow>(
      "SELECT id, hash, username, phone, name FROM source.entity ORDER BY seen_at DESC",
    ),
    updateState:
      db.readOne<UpdateState>("SELECT pts, qts, date, seq FROM source.update_state") ?? null,
    channels: db.read<ChannelState>("SELECT id, pts, hash FROM source.channel_state"),
  };
}

function openKey(row: KeyRow, fleetKey: Buffer): Buffer {
  try {
    return unseal(row.sealed, fleetKey, { dcId: row.dc_id, fingerprint: row.fingerprint });
  } catch (error) {
    throw error instanceof AppError ? refused("import-damaged", { cause: error }) : error;
  }
}
