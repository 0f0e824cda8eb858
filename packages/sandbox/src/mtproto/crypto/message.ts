import { randomBytes, randomInt } from "node:crypto";
import { sha1, sha256 } from "./hash.ts";
import { igeDecrypt, igeEncrypt } from "./ige.ts";

/** Offset into the auth key: messages of the client use 0, those of the server 8. */
type Side = 0 | 8;

/**
 * Key and vector of one message, MTProto 2.0
 * (https://core.telegram.org/mtproto/description#defining-aes-key-and-initialization-vector).
 */
function derive(authKey: Buffer, msgKey: Buffer, side: Side): { key: Buffer; iv: Buffer } {
  const a = sha256(msgKey, authKey.subarray(side, side + 36));
  const b = sha256(authKey.subarray(40 + side, 76 + side), msgKey);
  return {
    key: Buffer.concat([a.subarray(0, 8), b.subarray(8, 24), a.subarray(24, 32)]),
    iv: Buffer.concat([b.subarray(0, 8), a.subarray(8, 24), b.subarray(24, 32)]),
  };
}

function messageKey(authKey: Buffer, padded: Buffer, side: Side): Buffer {
  return sha256(authKey.subarray(88 + side, 120 + side), padded).subarray(8, 24);
}

/**
 * Plain bytes of a client's packet (`auth_key_id` already taken off), or null when it was not made
 * with this key.
 */
export function openFromClient(authKey: Buffer, packet: Buffer): Buffer | null {
  if (packet.length < 32 || (packet.length - 16) % 16 !== 0) return null;
  const msgKey = packet.subarray(0, 16);
  const { key, iv } = derive(authKey, msgKey, 0);
  const plain = igeDecrypt(packet.subarray(16), key, iv);
  return messageKey(authKey, plain, 0).equals(msgKey) ? plain : null;
}

/** msg_key and secret bytes of a server's message. */
export function sealFromServer(authKey: Buffer, plain: Buffer): Buffer {
  const extra = 12 + ((16 - ((plain.length + 12) % 16)) % 16) + 16 * randomInt(4);
  const padded = Buffer.concat([plain, randomBytes(extra)]);
  const msgKey = messageKey(authKey, padded, 8);
  const { key, iv } = derive(authKey, msgKey, 8);
  return Buffer.concat([msgKey, igeEncrypt(padded, key, iv)]);
}

/**
 * Plain bytes of the message inside auth.bindTempAuthKey, which is in MTProto 1.0
 * (https://core.telegram.org/method/auth.bindTempAuthKey), or null when it does not verify.
 */
export function openBindMessage(authKey: Buffer, packet: Buffer): Buffer | null {
  if (packet.length < 32 || (packet.length - 16) % 16 !== 0) return null;
  const msgKey = packet.subarray(0, 16);
  const a = sha1(msgKey, authKey.subarray(0, 32));
  const b = sha1(authKey.subarray(32, 48), msgKey, authKey.subarray(48, 64));
  const c = sha1(authKey.subarray(64, 96), msgKey);
  const d = sha1(msgKey, authKey.subarray(96, 128));
  const key = Buffer.concat([a.subarray(0, 8), b.subarray(8, 20), c.subarray(4, 16)]);
  const iv = Buffer.concat([
    a.subarray(8, 20),
    b.subarray(0, 8),
    c.subarray(16, 20),
    d.subarray(0, 8),
  ]);
  const plain = igeDecrypt(packet.subarray(16), key, iv);
  const length = 32 + plain.readUInt32LE(28);
  if (length > plain.length) return null;
  return sha1(plain.subarray(0, length)).subarray(4, 20).equals(msgKey)
    ? plain.subarray(32, length)
    : null;
}
