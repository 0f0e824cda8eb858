import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";

/** Bytes of one part, before it is sealed: the size in which senders upload. */
export const PART_BYTES = 128 * 1024;

const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/**
 * Milliseconds by which a question may differ from the clock of the server. Clocks of hosts are
 * apart by minutes at times; a question that is repeated gets only what is sealed.
 */
const APART_MS = 15 * 60_000;

/**
 * Signs questions for parts and seals the answers, each with a key of its own derived from
 * FLEET_KEY (HKDF, RFC 5869). Only processes of the fleet can ask or read.
 */
export class PartSeal {
  readonly #askKey: Buffer;
  readonly #sealKey: Buffer;

  constructor(fleetKey: Buffer) {
    const derived = (use: string): Buffer =>
      Buffer.from(hkdfSync("sha256", fleetKey, Buffer.alloc(0), `flotilla files v1 ${use}`, 32));
    this.#askKey = derived("ask");
    this.#sealKey = derived("seal");
  }

  /** The value of the Authorization header for a path. `now`: milliseconds since the epoch. */
  ask(path: string, now: number): string {
    return `Flotilla ${now} ${this.#mac(path, now).toString("hex")}`;
  }

  /** Whether a header was made for this path by a process of the fleet, not long ago. */
  isAsked(path: string, header: string | undefined, now: number): boolean {
    const found = /^Flotilla (\d{1,15}) ([0-9a-f]{64})$/.exec(header ?? "");
    if (!found || Math.abs(now - Number(found[1])) > APART_MS) return false;
    return timingSafeEqual(Buffer.from(found[2] ?? "", "hex"), this.#mac(path, Number(found[1])));
  }

  /** Seals a part for its path: nonce, tag, ciphertext (AES-256-GCM). */
  seal(path: string, part: Buffer): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#sealKey, nonce).setAAD(Buffer.from(path));
    const box = Buffer.concat([cipher.update(part), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), box]);
  }

  /** Opens a sealed part; null = another key sealed it, for another path, or it was changed. */
  open(path: string, sealed: Buffer): Buffer | null {
    if (sealed.length < NONCE_BYTES + TAG_BYTES) return null;
    const [nonce, rest] = [sealed.subarray(0, NONCE_BYTES), sealed.subarray(NONCE_BYTES)];
    const decipher = createDecipheriv(CIPHER, this.#sealKey, nonce)
      .setAAD(Buffer.from(path))
      .setAuthTag(rest.subarray(0, TAG_BYTES));
    try {
      return Buffer.concat([decipher.update(rest.subarray(TAG_BYTES)), decipher.final()]);
    } catch {
      return null;
    }
  }

  #mac(path: string, at: number): Buffer {
    return createHmac("sha256", this.#askKey).update(`GET ${path} ${at}`).digest();
  }
}

/** The path of one part of a file, in the address of its host. */
export function partPath(reader: string, row: number, message: number, part: number): string {
  return `/files/${reader}/${row}/${message}/${part}`;
}
