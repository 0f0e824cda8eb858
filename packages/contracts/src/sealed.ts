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
import { AppError, type WorkerId } from "@flotilla/kernel";
import type { Sealed } from "./commands.ts";

const INFO = "flotilla login v1";
const CIPHER = "aes-256-gcm";
const TAG_BYTES = 16;
const NONCE_BYTES = 12;
/** Length of an X25519 key as SubjectPublicKeyInfo (RFC 8410). */
const SENDER_BYTES = 44;

/** One-time X25519 key pair of a login. The private key never leaves the worker process. */
export interface SealKeyPair {
  readonly publicKey: string;
  readonly privateKey: KeyObject;
}

/** Context for sealing the proxy of a worker, so that no other worker can use the ciphertext. */
export function sealContext(worker: WorkerId): string {
  return `proxy ${worker}`;
}

/** Makes the key pair for one login. */
export function newSealKeyPair(): SealKeyPair {
  const pair = generateKeyPairSync("x25519");
  return {
    publicKey: pair.publicKey.export({ type: "spki", format: "der" }).toString("base64"),
    privateKey: pair.privateKey,
  };
}

/**
 * Encrypts `text` for the holder of the private key only; authenticates `context` (the login id).
 */
export function seal(publicKey: string, context: string, text: string): Sealed {
  const { sender, nonce, box } = encrypt(publicKey, context, Buffer.from(text, "utf8"));
  return {
    ephemeral: sender.toString("base64"),
    nonce: nonce.toString("base64"),
    box: box.toString("base64"),
  };
}

/**
 * Decrypts the result of {@link seal}. Throws AppError `bad-seal` when it belongs to another key or
 * login, or was altered.
 */
export function unseal(privateKey: KeyObject, context: string, sealed: Sealed): string {
  const part = (text: string): Buffer => Buffer.from(text, "base64");
  const parts = {
    sender: part(sealed.ephemeral),
    nonce: part(sealed.nonce),
    box: part(sealed.box),
  };
  return decrypt(privateKey, context, parts).toString("utf8");
}

/** {@link seal} for data too large for an entry, such as a file; one block of bytes. */
export function sealBytes(publicKey: string, context: string, bytes: Buffer): Buffer {
  const { sender, nonce, box } = encrypt(publicKey, context, bytes);
  return Buffer.concat([sender, nonce, box]);
}

/** Decrypts the result of {@link sealBytes}. Throws AppError `bad-seal`. */
export function unsealBytes(privateKey: KeyObject, context: string, sealed: Buffer): Buffer {
  const [sender, rest] = [sealed.subarray(0, SENDER_BYTES), sealed.subarray(SENDER_BYTES)];
  return decrypt(privateKey, context, {
    sender,
    nonce: rest.subarray(0, NONCE_BYTES),
    box: rest.subarray(NONCE_BYTES),
  });
}

interface Parts {
  /** The sender's one-time public key (SubjectPublicKeyInfo). */
  readonly sender: Buffer;
  readonly nonce: Buffer;
  /** Ciphertext and tag. */
  readonly box: Buffer;
}

function encrypt(publicKey: string, context: string, plain: Buffer): Parts {
  const recipient = createPublicKey({
    key: Buffer.from(publicKey, "base64"),
    type: "spki",
    format: "der",
  });
  const ephemeral = generateKeyPairSync("x25519");
  const sender = ephemeral.publicKey.export({ type: "spki", format: "der" });
  const nonce = randomBytes(NONCE_BYTES);
  const key = deriveKey(
    diffieHellman({ privateKey: ephemeral.privateKey, publicKey: recipient }),
    nonce,
  );
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(bound(sender, context));
  return {
    sender,
    nonce,
    box: Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]),
  };
}

function decrypt(privateKey: KeyObject, context: string, { sender, nonce, box }: Parts): Buffer {
  try {
    const publicKey = createPublicKey({ key: sender, type: "spki", format: "der" });
    const decipher = createDecipheriv(
      CIPHER,
      deriveKey(diffieHellman({ privateKey, publicKey }), nonce),
      nonce,
      {
        authTagLength: TAG_BYTES,
      },
    );
    decipher.setAAD(bound(sender, context));
    decipher.setAuthTag(box.subarray(box.length - TAG_BYTES));
    return Buffer.concat([
      decipher.update(box.subarray(0, box.length - TAG_BYTES)),
      decipher.final(),
    ]);
  } catch {
    // Leaves the cause out on purpose: it must not carry bytes of a secret.
    throw new AppError(
      "bad-seal",
      "This entry was not made for the login that is under way. Start the login again.",
    );
  }
}

/**
 * Authenticates the sender's key too: X25519 ignores its top bit (RFC 7748, section 5), so the
 * shared secret alone does not prove it.
 */
function bound(sender: Buffer, context: string): Buffer {
  return Buffer.from(`${sender.toString("base64")}\n${context}`);
}

function deriveKey(shared: Buffer, salt: Buffer): Buffer {
  return Buffer.from(hkdfSync("sha256", shared, salt, INFO, 32));
}
