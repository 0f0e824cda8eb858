import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { AppError } from "@flotilla/kernel";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const FLEET_KEY_BYTES = 32;
/** Length of an MTProto authorisation key (https://core.telegram.org/mtproto/auth_key). */
export const AUTH_KEY_BYTES = 256;

/**
 * What a sealed key belongs to. Part of the authenticated data: a row cannot be passed off as
 * another.
 */
export interface KeyLabel {
  readonly dcId: number;
  readonly fingerprint: string;
}

/** Throws AppError `bad-fleet-key` unless the key has 32 bytes. */
export function assertFleetKey(fleetKey: Buffer): void {
  if (fleetKey.length === FLEET_KEY_BYTES) return;
  throw new AppError("bad-fleet-key", `FLEET_KEY must have ${FLEET_KEY_BYTES} bytes.`, {
    details: { bytes: fleetKey.length },
  });
}

/**
 * MTProto's own id of an authorisation key, `sha1(key)[12:20]`, in hex
 * (https://core.telegram.org/mtproto/description#authorization-key-identifier).
 */
export function keyFingerprint(authKey: Buffer): string {
  return createHash("sha1").update(authKey).digest().subarray(12, 20).toString("hex");
}

/** AES-256-GCM: nonce, tag, ciphertext. */
export function seal(authKey: Buffer, fleetKey: Buffer, label: KeyLabel): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", fleetKey, nonce);
  cipher.setAAD(additional(label));
  const body = Buffer.concat([cipher.update(authKey), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]);
}

/**
 * Reverses {@link seal}. Throws AppError `key-unreadable` when the fleet key is wrong or the row
 * was changed.
 */
export function unseal(sealed: Buffer, fleetKey: Buffer, label: KeyLabel): Buffer {
  try {
    const decipher = createDecipheriv("aes-256-gcm", fleetKey, sealed.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(additional(label));
    decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    const authKey = Buffer.concat([
      decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)),
      decipher.final(),
    ]);
    if (keyFingerprint(authKey) === label.fingerprint) return authKey;
  } catch {
    // Falls through: the reason of a failed decryption says nothing useful.
  }
  throw new AppError(
    "key-unreadable",
    "The stored key of this session is damaged. Restore the session from a backup.",
    {
      details: { fingerprint: label.fingerprint },
    },
  );
}

function additional({ dcId, fingerprint }: KeyLabel): Buffer {
  return Buffer.from(`flotilla-session-key:1:${dcId}:${fingerprint}`);
}

/** The same for a short text that belongs to `purpose`. */
export function sealText(text: string, fleetKey: Buffer, purpose: string): Buffer {
  return sealBytes(Buffer.from(text, "utf8"), fleetKey, purpose);
}

/**
 * Reverses {@link sealText}. Throws AppError `key-unreadable` when the fleet key is wrong or the
 * text was changed.
 */
export function unsealText(sealed: Buffer, fleetKey: Buffer, purpose: string): string {
  return unsealBytes(sealed, fleetKey, purpose).toString("utf8");
}

/** Bytes that belong to `purpose`. */
export function sealBytes(bytes: Buffer, fleetKey: Buffer, purpose: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", fleetKey, nonce);
  cipher.setAAD(Buffer.from(purpose));
  const body = Buffer.concat([cipher.update(bytes), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]);
}

/** Reverses {@link sealBytes}. Throws AppError `key-unreadable`, as {@link unsealText}. */
export function unsealBytes(sealed: Buffer, fleetKey: Buffer, purpose: string): Buffer {
  try {
    const decipher = createDecipheriv("aes-256-gcm", fleetKey, sealed.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(Buffer.from(purpose));
    decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    return Buffer.concat([
      decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)),
      decipher.final(),
    ]);
  } catch {
    throw new AppError(
      "key-unreadable",
      `The stored ${purpose} of this session is damaged, or FLEET_KEY is another one.`,
    );
  }
}
