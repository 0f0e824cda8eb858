import { createCipheriv, createDecipheriv } from "node:crypto";

const BLOCK = 16;

/** XOR of two byte strings of one length. */
export function xor(a: Uint8Array, b: Uint8Array): Buffer {
  const out = Buffer.alloc(a.length);
  for (let i = 0; i < a.length; i++) out[i] = (a[i] ?? 0) ^ (b[i] ?? 0);
  return out;
}

/** AES-256-IGE encryption. `iv` is 32 bytes; the length of `plain` is a multiple of 16. */
export function igeEncrypt(plain: Buffer, key: Buffer, iv: Buffer): Buffer {
  // With X(i) = C(i) xor P(i-1), IGE is CBC over P(i) xor P(i-2): one native call instead of one
  // per block.
  const head = Buffer.concat([Buffer.alloc(2 * BLOCK), plain]);
  iv.copy(head, BLOCK, BLOCK, 2 * BLOCK);
  const mixed = Buffer.from(plain);
  for (let i = BLOCK; i < plain.length; i++) mixed[i] = (plain[i] ?? 0) ^ (head[i] ?? 0);
  const cipher = createCipheriv("aes-256-cbc", key, iv.subarray(0, BLOCK)).setAutoPadding(false);
  const chained = cipher.update(mixed);
  return xor(chained, head.subarray(BLOCK, BLOCK + plain.length));
}

/** AES-256-IGE decryption. `iv` is 32 bytes; the length of `secret` is a multiple of 16. */
export function igeDecrypt(secret: Buffer, key: Buffer, iv: Buffer): Buffer {
  const decipher = createDecipheriv("aes-256-ecb", key, null).setAutoPadding(false);
  const out = Buffer.alloc(secret.length);
  let previousSecret: Buffer = iv.subarray(0, BLOCK);
  let previousPlain: Buffer = iv.subarray(BLOCK, 2 * BLOCK);
  for (let at = 0; at < secret.length; at += BLOCK) {
    const block = secret.subarray(at, at + BLOCK);
    const plain = xor(decipher.update(xor(block, previousPlain)), previousSecret);
    plain.copy(out, at);
    previousSecret = block;
    previousPlain = plain;
  }
  return out;
}
