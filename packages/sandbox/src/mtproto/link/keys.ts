import { randomBytes } from "node:crypto";
import { sha1 } from "../crypto/hash.ts";

/** A salt is good for an hour, and half an hour longer while its successor is in use. */
const SALT_LIFE_S = 3600;
const SALT_GRACE_S = 1800;

/** A server salt with its validity in Unix seconds. */
export interface ServerSalt {
  readonly salt: bigint;
  readonly since: number;
  readonly until: number;
}

/** The key a client and a DC agreed on. */
export interface AuthKey {
  /** Unsigned decimal string of the low 64 bits of its SHA-1. */
  readonly id: string;
  readonly bytes: Buffer;
  readonly dc: number;
  /** Layer of the client, once it has said so. It is the key that remembers, not the connection. */
  layer: number | null;
  salts: ServerSalt[];
  /** For a temporary key: when it ends (Unix seconds), and the permanent key it is bound to. */
  temp: { expiresAt: number; permanentId: string | null } | null;
  /** What initConnection said. */
  client: { apiId: number; device: string; system: string; app: string } | null;
  /** The account that gave the right code and owes its password. */
  passwordPending: bigint | null;
}

/** Id of a key's bytes, as it is on the wire (8 bytes) and as text. */
export function keyIdOf(bytes: Buffer): string {
  return sha1(bytes).readBigUInt64LE(12).toString();
}

/** Auth keys by id. */
export class KeyStore {
  readonly #keys: Map<string, AuthKey>;

  constructor(keys: Map<string, AuthKey>) {
    this.#keys = keys;
  }

  /** Adds a fresh key; `firstSalt` is the one both sides derived from the nonces. */
  add(options: {
    bytes: Buffer;
    dc: number;
    firstSalt: bigint;
    expiresInS: number | null;
  }): AuthKey {
    const now = nowS();
    const key: AuthKey = {
      id: keyIdOf(options.bytes),
      bytes: options.bytes,
      dc: options.dc,
      layer: null,
      salts: [{ salt: options.firstSalt, since: now, until: now + SALT_LIFE_S }],
      temp:
        options.expiresInS === null
          ? null
          : { expiresAt: now + options.expiresInS, permanentId: null },
      client: null,
      passwordPending: null,
    };
    this.#keys.set(key.id, key);
    return key;
  }

  /** The key, unless it is unknown or a temporary one that has ended. */
  get(id: string): AuthKey | null {
    const key = this.#keys.get(id);
    if (!key || (key.temp && key.temp.expiresAt < nowS())) return null;
    return key;
  }

  /** Forgets a key and the temporary keys bound to it. */
  forget(id: string): void {
    this.#keys.delete(id);
    for (const key of this.#keys.values())
      if (key.temp?.permanentId === id) this.#keys.delete(key.id);
  }

  /**
   * The permanent key behind `key`: itself, or the one it is bound to. Null for an unbound
   * temporary key.
   */
  permanent(key: AuthKey): AuthKey | null {
    if (!key.temp) return key;
    return key.temp.permanentId === null ? null : this.get(key.temp.permanentId);
  }

  /** Permanent and temporary keys that stand for the permanent key `id`. */
  family(id: string): AuthKey[] {
    return [...this.#keys.values()].filter((key) => key.id === id || key.temp?.permanentId === id);
  }
}

/** The salt to use now; makes a new one when the last has ended. */
export function currentSalt(key: AuthKey): bigint {
  return futureSalts(key, 1)[0]?.salt ?? 0n;
}

/** Whether a client may still use `salt`. */
export function isSaltGood(key: AuthKey, salt: bigint): boolean {
  const now = nowS();
  return key.salts.some(
    (entry) => entry.salt === salt && entry.since <= now && now < entry.until + SALT_GRACE_S,
  );
}

/** The next `count` salts, the current one first; one starts where the one before ends. */
export function futureSalts(key: AuthKey, count: number): ServerSalt[] {
  const now = nowS();
  key.salts = key.salts.filter((entry) => now < entry.until + SALT_GRACE_S);
  const upcoming = (): ServerSalt[] => key.salts.filter((entry) => now < entry.until);
  while (upcoming().length < count) {
    const since = Math.max(now, key.salts.at(-1)?.until ?? now);
    key.salts.push({ salt: randomBytes(8).readBigInt64LE(), since, until: since + SALT_LIFE_S });
  }
  return upcoming().slice(0, count);
}

/**
 * Protocol time is the machine's: a client's message ids and salts do not jump with the sandbox's
 * movable clock.
 */
export function nowS(): number {
  return Math.floor(Date.now() / 1000);
}
