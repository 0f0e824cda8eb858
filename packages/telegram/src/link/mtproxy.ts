import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";

/** The first bytes for an MTProxy, and the ciphers of both directions after them. */
export interface Obfuscation {
  /** 64 bytes, as they are sent. */
  readonly head: Buffer;
  encrypt(data: Buffer): Buffer;
  decrypt(data: Buffer): Buffer;
}

/** Padded intermediate, the only transport that every MTProxy accepts. */
const TAG = Buffer.from("dddddddd", "hex");
/**
 * First bytes that would look like another protocol: HEAD, POST, GET, OPTI, TLS, and the plain
 * transports.
 */
const FORBIDDEN: ReadonlySet<string> = new Set([
  "44414548",
  "54534f50",
  "20544547",
  "4954504f",
  "02010316",
  "dddddddd",
  "eeeeeeee",
]);

/**
 * https://core.telegram.org/mtproto/mtproto-transports#transport-obfuscation; `secret` is 16 bytes,
 * `dc` the data centre to which the proxy connects.
 */
export function obfuscate(secret: Buffer, dc: number): Obfuscation {
  const head = innocent();
  const reversed = Buffer.from(head.subarray(8, 56)).reverse();
  const outgoing = createCipheriv(
    "aes-256-ctr",
    keyed(head.subarray(8, 40), secret),
    head.subarray(40, 56),
  );
  const incoming = createDecipheriv(
    "aes-256-ctr",
    keyed(reversed.subarray(0, 32), secret),
    reversed.subarray(32, 48),
  );
  TAG.copy(head, 56);
  head.writeInt16LE(dc, 60);
  const sealed = outgoing.update(head);
  sealed.copy(head, 56, 56);
  return {
    head,
    encrypt: (data) => outgoing.update(data),
    decrypt: (data) => incoming.update(data),
  };
}

function innocent(): Buffer {
  for (;;) {
    const head = randomBytes(64);
    const first = head.readUInt32LE(0).toString(16).padStart(8, "0");
    if (head[0] !== 0xef && head.readUInt32LE(4) !== 0 && !FORBIDDEN.has(first)) return head;
  }
}

function keyed(key: Buffer, secret: Buffer): Buffer {
  return createHash("sha256").update(key).update(secret).digest();
}
