import { AppError, fleetKeyId } from "@flotilla/kernel";
import type { Database } from "@flotilla/sqlite";
import { AUTH_KEY_BYTES, keyFingerprint, seal, unseal } from "./seal.ts";

/** A data centre. An empty address means: wherever the configured server is. */
export interface DcAddress {
  readonly id: number;
  readonly address: string;
  readonly port: number;
}

/** What one slot holds. */
export interface KeySlot {
  readonly dc: DcAddress;
  readonly authKey: Buffer | null;
  readonly fingerprint: string | null;
}

/** Which slot of the table. */
export type SlotName = "current" | "pending";

interface SlotRow {
  readonly dc_id: number;
  readonly address: string;
  readonly port: number;
  readonly fleet_key_id: string | null;
  readonly fingerprint: string | null;
  readonly sealed: Buffer | null;
}

const UPSERT = `INSERT OR REPLACE INTO auth_key (slot, dc_id, address, port, fleet_key_id, fingerprint, sealed)
  VALUES (:slot, :dcId, :address, :port, :keyId, :fingerprint, :sealed)`;

/**
 * The two rows of `auth_key`, sealed on the way in and out. Rules about when to change them live in
 * SessionStore.
 */
export class KeySlots {
  readonly #db: Database;
  readonly #fleetKey: Buffer;

  constructor(db: Database, fleetKey: Buffer) {
    this.#db = db;
    this.#fleetKey = fleetKey;
  }

  /** Throws AppError `wrong-fleet-key` or `key-unreadable`. */
  read(slot: SlotName): KeySlot | null {
    const row = this.#db.readOne<SlotRow>("SELECT * FROM auth_key WHERE slot = ?", [slot]);
    if (!row) return null;
    const dc = { id: row.dc_id, address: row.address, port: row.port };
    if (!row.sealed || !row.fingerprint) return { dc, authKey: null, fingerprint: null };
    if (row.fleet_key_id !== fleetKeyId(this.#fleetKey))
      throw wrongFleetKey(row.fleet_key_id, fleetKeyId(this.#fleetKey));
    const label = { dcId: row.dc_id, fingerprint: row.fingerprint };
    return { dc, authKey: unseal(row.sealed, this.#fleetKey, label), fingerprint: row.fingerprint };
  }

  /** Throws AppError `bad-auth-key` unless the key is null or 256 bytes that are not all zero. */
  write(slot: SlotName, dc: DcAddress, authKey: Buffer | null): KeySlot {
    if (authKey) assertAuthKey(authKey);
    const fingerprint = authKey && keyFingerprint(authKey);
    const sealed =
      authKey && fingerprint ? seal(authKey, this.#fleetKey, { dcId: dc.id, fingerprint }) : null;
    const keyId = authKey && fleetKeyId(this.#fleetKey);
    this.#db.write(UPSERT, {
      slot,
      dcId: dc.id,
      address: dc.address,
      port: dc.port,
      keyId,
      fingerprint,
      sealed,
    });
    return { dc, authKey, fingerprint };
  }

  /**
   * Forgets the pending slot. The current one is only ever replaced, by {@link KeySlots.promote}.
   */
  clearPending(): void {
    this.#db.write("DELETE FROM auth_key WHERE slot = 'pending'");
  }

  /** Makes the pending key the current one. Call inside a transaction. */
  promote(): void {
    this.#db.write("DELETE FROM auth_key WHERE slot = 'current'");
    this.#db.write("UPDATE auth_key SET slot = 'current' WHERE slot = 'pending'");
  }
}

function assertAuthKey(authKey: Buffer): void {
  if (authKey.length === AUTH_KEY_BYTES && authKey.some((byte) => byte !== 0)) return;
  throw new AppError(
    "bad-auth-key",
    `An authorisation key has ${AUTH_KEY_BYTES} bytes that are not all zero.`,
    {
      details: { bytes: authKey.length },
    },
  );
}

function wrongFleetKey(sealedWith: string | null, present: string): AppError {
  return new AppError(
    "wrong-fleet-key",
    "This session was encrypted with another FLEET_KEY: it wants the key " +
      `${sealedWith ?? "(unknown)"}, the present one is ${present}. Start with the key it was ` +
      "made with.",
    { details: { sealedWith, present } },
  );
}
