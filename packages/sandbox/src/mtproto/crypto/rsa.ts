import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  privateDecrypt,
} from "node:crypto";
import { TlWriter } from "../tl/bytes.ts";
import { sha1, sha256 } from "./hash.ts";
import { igeDecrypt, xor } from "./ige.ts";

/** The server's RSA key: proof of identity in the key exchange. */
export class RsaKey {
  readonly #key: KeyObject;
  /** PKCS#1 "BEGIN RSA PUBLIC KEY", as mtcute and Telethon take it. */
  readonly publicPem: string;
  /** Low 64 bits of SHA-1 over the key's TL form, signed. */
  readonly fingerprint: bigint;

  private constructor(key: KeyObject) {
    this.#key = key;
    const publicKey = createPublicKey(key);
    this.publicPem = publicKey.export({ type: "pkcs1", format: "pem" }).toString();
    const { n = "", e = "" } = publicKey.export({ format: "jwk" });
    const tl = new TlWriter()
      .bytes(Buffer.from(n, "base64url"))
      .bytes(Buffer.from(e, "base64url"))
      .done();
    this.fingerprint = sha1(tl).readBigInt64LE(12);
  }

  /**
   * A fresh 2048-bit key. Its fingerprint has 16 significant hex digits: mtcute looks keys up by a
   * text that lacks leading zeros, and does not find one in 16.
   */
  static generate(): RsaKey {
    for (;;) {
      const key = new RsaKey(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey);
      if (BigInt.asUintN(64, key.fingerprint) >> 60n !== 0n) return key;
    }
  }

  static fromPem(pem: string): RsaKey {
    return new RsaKey(createPrivateKey(pem));
  }

  privatePem(): string {
    return this.#key.export({ type: "pkcs1", format: "pem" }).toString();
  }

  /** Inner data of req_DH_params, in today's padding or the old one; null if it is in neither. */
  open(secret: Buffer): Buffer | null {
    if (secret.length !== 256) return null;
    const plain = privateDecrypt({ key: this.#key, padding: constants.RSA_NO_PADDING }, secret);
    return openRsaPad(plain) ?? openLegacy(plain);
  }
}

/**
 * RSA_PAD:
 * https://core.telegram.org/mtproto/auth_key#41-rsa-paddata-server-public-key-mentioned-above-is-implemented-as-follows
 */
function openRsaPad(plain: Buffer): Buffer | null {
  const secret = plain.subarray(32);
  const tempKey = xor(plain.subarray(0, 32), sha256(secret));
  const dataWithHash = igeDecrypt(secret, tempKey, Buffer.alloc(32));
  const data = Buffer.from(dataWithHash.subarray(0, 192)).reverse();
  return sha256(tempKey, data).equals(dataWithHash.subarray(192)) ? data : null;
}

/**
 * The padding from before 2021: a zero byte, SHA-1 of the data, the data, random bytes. The object
 * tells its own length.
 */
function openLegacy(plain: Buffer): Buffer | null {
  const hash = plain.subarray(1, 21);
  for (let end = plain.length; end > 21; end--) {
    const data = plain.subarray(21, end);
    if (plain[0] === 0 && sha1(data).equals(hash)) return data;
  }
  return null;
}
