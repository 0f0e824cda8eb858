import { randomBytes } from "node:crypto";
import { DH_G, DH_PRIME, isGoodPublic, modPow, randomExponent, toBig } from "../crypto/dh.ts";
import { sha1 } from "../crypto/hash.ts";
import { igeDecrypt, igeEncrypt, xor } from "../crypto/ige.ts";
import type { RsaKey } from "../crypto/rsa.ts";
import { TlError } from "../tl/bytes.ts";
import type { TlObject } from "../tl/schema.ts";
import { serviceCodec } from "../tl/service.ts";
import { nowS } from "./keys.ts";

/** 65537 * 65539: clients factor it at once. It protects nothing, which is enough on loopback. */
const PQ = Buffer.from("0100040003", "hex");

/** A key that came out of an exchange. */
export interface AgreedKey {
  readonly bytes: Buffer;
  readonly firstSalt: bigint;
  readonly expiresInS: number | null;
}

interface Exchange {
  readonly nonce: Buffer;
  readonly serverNonce: Buffer;
  newNonce: Buffer;
  /** The server's DH exponent. */
  exponent: Buffer;
  expiresInS: number | null;
  stripZeros: boolean;
}

/**
 * The server's side of the key exchange (https://core.telegram.org/mtproto/auth_key), one per
 * connection. A client may start over on the same connection.
 */
export class Handshake {
  readonly #rsa: RsaKey;
  #exchange: Exchange | null = null;

  constructor(rsa: RsaKey) {
    this.#rsa = rsa;
  }

  /**
   * Answers one unencrypted call. Throws {@link TlError} for a call out of order or one that does
   * not verify.
   */
  answer(call: TlObject): { answer: TlObject; agreed: AgreedKey | null } {
    switch (call._) {
      case "req_pq":
      case "req_pq_multi":
        return { answer: this.#start(call["nonce"] as Buffer), agreed: null };
      case "req_DH_params":
        return {
          answer: this.#offer(this.#current(call), call["encrypted_data"] as Buffer),
          agreed: null,
        };
      case "set_client_DH_params":
        return this.#finish(this.#current(call), call["encrypted_data"] as Buffer);
      default:
        throw new TlError(`${call._} does not belong to the key exchange`);
    }
  }

  #start(nonce: Buffer): TlObject {
    const serverNonce = randomBytes(16);
    this.#exchange = {
      nonce,
      serverNonce,
      newNonce: Buffer.alloc(32),
      exponent: Buffer.alloc(0),
      expiresInS: null,
      stripZeros: false,
    };
    return {
      _: "resPQ",
      nonce,
      server_nonce: serverNonce,
      pq: PQ,
      server_public_key_fingerprints: [this.#rsa.fingerprint],
    };
  }

  #current(call: TlObject): Exchange {
    const exchange = this.#exchange;
    if (
      !exchange?.nonce.equals(call["nonce"] as Buffer) ||
      !exchange.serverNonce.equals(call["server_nonce"] as Buffer)
    ) {
      throw new TlError("the nonces belong to no exchange of this connection");
    }
    return exchange;
  }

  #offer(exchange: Exchange, secret: Buffer): TlObject {
    const opened = this.#rsa.open(secret);
    if (!opened) throw new TlError("the inner data was not made with this server's RSA key");
    const inner = serviceCodec.decode(opened);
    const sameNonces =
      exchange.nonce.equals(inner["nonce"] as Buffer) &&
      exchange.serverNonce.equals(inner["server_nonce"] as Buffer);
    // One GramJS handshake in 300 takes 1 and pq for its factors; Telegram would make it start
    // over, this server does not mind.
    const product = toBig(inner["p"] as Buffer) * toBig(inner["q"] as Buffer);
    if (!sameNonces || product !== toBig(PQ)) throw new TlError("the inner data does not fit");
    exchange.newNonce = inner["new_nonce"] as Buffer;
    exchange.exponent = randomExponent();
    exchange.expiresInS = typeof inner["expires_in"] === "number" ? inner["expires_in"] : null;
    // Clients that still send the form without a DC (GramJS, old Telethon) also drop leading zeros
    // of the agreed key. Doing the same for them spares one handshake in 256 from failing.
    exchange.stripZeros = inner._ === "p_q_inner_data";
    const { nonce, serverNonce } = exchange;
    const g_a = modPow(Buffer.from([DH_G]), exchange.exponent);
    const data = serviceCodec.encode({
      _: "server_DH_inner_data",
      nonce,
      server_nonce: serverNonce,
      g: DH_G,
      dh_prime: DH_PRIME,
      g_a,
      server_time: nowS(),
    });
    const hashed = Buffer.concat([sha1(data), data]);
    const { key, iv } = temporaryAes(exchange);
    const encrypted = igeEncrypt(
      Buffer.concat([hashed, randomBytes((16 - (hashed.length % 16)) % 16)]),
      key,
      iv,
    );
    return {
      _: "server_DH_params_ok",
      nonce,
      server_nonce: serverNonce,
      encrypted_answer: encrypted,
    };
  }

  #finish(exchange: Exchange, secret: Buffer): { answer: TlObject; agreed: AgreedKey | null } {
    if (secret.length === 0 || secret.length % 16 !== 0)
      throw new TlError("the DH answer has a wrong length");
    const { key, iv } = temporaryAes(exchange);
    const inner = serviceCodec.decode(igeDecrypt(secret, key, iv).subarray(20));
    const g_b = inner["g_b"] as Buffer;
    const nonces = { nonce: exchange.nonce, server_nonce: exchange.serverNonce };
    if (inner._ !== "client_DH_inner_data" || !isGoodPublic(g_b))
      throw new TlError("the DH answer does not fit");
    const full = modPow(g_b, exchange.exponent);
    const bytes = exchange.stripZeros ? full.subarray(full.findIndex((byte) => byte !== 0)) : full;
    const hash = sha1(exchange.newNonce, Buffer.from([1]), sha1(bytes).subarray(0, 8)).subarray(
      4,
      20,
    );
    const firstSalt = xor(
      exchange.newNonce.subarray(0, 8),
      exchange.serverNonce.subarray(0, 8),
    ).readBigInt64LE(0);
    this.#exchange = null;
    return {
      answer: { _: "dh_gen_ok", ...nonces, new_nonce_hash1: hash },
      agreed: { bytes: Buffer.from(bytes), firstSalt, expiresInS: exchange.expiresInS },
    };
  }
}

function temporaryAes({ newNonce, serverNonce }: Exchange): { key: Buffer; iv: Buffer } {
  const forward = sha1(newNonce, serverNonce);
  const backward = sha1(serverNonce, newNonce);
  return {
    key: Buffer.concat([forward, backward.subarray(0, 12)]),
    iv: Buffer.concat([
      backward.subarray(12, 20),
      sha1(newNonce, newNonce),
      newNonce.subarray(0, 4),
    ]),
  };
}
