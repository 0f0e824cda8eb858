import {
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { AppError } from "@flotilla/kernel";
import type { Sealed } from "./commands.ts";

const INFO = "flotilla login v1";
const CIPHER = "aes-256-gcm";
const TAG_BYTES = 16;

/** One-time X25519 key pair of a login. The private half never leaves the worker process. */
export interface SealKeyPair {
  readonly publicKey: string;
  readonly privateKey: KeyObject;
}

/** Makes the key pair for one login. */
export function newSealKeyPair(): SealKeyPair {
  const pair = generateKeyPairSync("x25519");
  return { publicKey: pair.publicKey.export({ type: "spki", format: "der" }).toString("base64"), privateKey: pair.privateKey };
}

/** Encrypts `text` so that only the holder of the private half can read it; `context` (the login id) is authenticated. */
export function seal(publicKey: string, context: string, text: string): Sealed {
  const recipient = createPublicKey({ key: Buffer.from(publicKey, "base64"), type: "spki", format: "der" });
  const ephemeral = generateKeyPairSync("x25519");
  const sender = ephemeral.publicKey.export({ type: "spki", format: "der" }).toString("base64");
  const nonce = randomBytes(12);
  const key = deriveKey(diffieHellman({ privateKey: ephemeral.privateKey, publicKey: recipient }), nonce);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(bound(sender, context));
  const box = Buffer.concat([cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return { ephemeral: sender, nonce: nonce.toString("base64"), box: box.toString("base64") };
}

/** Decrypts what {@link seal} made. Throws AppError `bad-seal` when it was made for another key or login, or altered. */
export function unseal(privateKey: KeyObject, context: string, sealed: Sealed): string {
  try {
    const sender = createPublicKey({ key: Buffer.from(sealed.ephemeral, "base64"), type: "spki", format: "der" });
    const nonce = Buffer.from(sealed.nonce, "base64");
    const box = Buffer.from(sealed.box, "base64");
    const key = deriveKey(diffieHellman({ privateKey, publicKey: sender }), nonce);
    const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(bound(sealed.ephemeral, context));
    decipher.setAuthTag(box.subarray(box.length - TAG_BYTES));
    return Buffer.concat([decipher.update(box.subarray(0, box.length - TAG_BYTES)), decipher.final()]).toString("utf8");
  } catch {
    // The cause is left out on purpose: it must not carry bytes of a secret anywhere.
    throw new AppError("bad-seal", "This entry was not made for the login that is under way. Start the login again.");
  }
}

/** The sender's key is part of it: X25519 ignores its top bit (RFC 7748, section 5), so the shared secret alone does not vouch for it. */
function bound(sender: string, context: string): Buffer {
  return Buffer.from(`${sender}\n${context}`);
}

function deriveKey(shared: Buffer, salt: Buffer): Buffer {
  return Buffer.from(hkdfSync("sha256", shared, salt, INFO, 32));
}
