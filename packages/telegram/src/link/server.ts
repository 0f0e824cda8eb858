import { createHash, createPublicKey } from "node:crypto";
import { AppError, type Endpoint } from "@flotilla/kernel";
import type { DcAddress } from "@flotilla/session-store";
import bigInt from "big-integer";
import { serverKeys } from "../wire/vendor.ts";

/** Telegram itself, or any MTProto server with this RSA key (PKCS#1 PEM). */
export type TelegramServer =
  | { readonly kind: "telegram" }
  | {
      readonly kind: "custom";
      readonly host: string;
      readonly port: number;
      readonly publicKeyPem: string;
    };

/** The used fields of a row in `help.getConfig`'s `dcOptions`. */
export interface DcOption {
  readonly id: number;
  readonly ipAddress: string;
  readonly port: number;
  readonly ipv6?: boolean | undefined;
  readonly mediaOnly?: boolean | undefined;
  readonly tcpoOnly?: boolean | undefined;
  readonly cdn?: boolean | undefined;
}

/**
 * Telegram's data centre 2; port 443 because hosters block 80
 * (https://core.telegram.org/api/datacenter).
 */
const TELEGRAM_START: DcAddress = { id: 2, address: "149.154.167.51", port: 443 };
/**
 * The id is a guess until the server sends `thisDc`; an empty address stands for the configured
 * one.
 */
const CUSTOM_START: DcAddress = { id: 2, address: "", port: 0 };

/** The data centre in which a login begins. */
export function startDc(server: TelegramServer): DcAddress {
  return server.kind === "telegram" ? TELEGRAM_START : CUSTOM_START;
}

/** The address to dial for a stored data centre. */
export function endpointOf(server: TelegramServer, dc: DcAddress): Endpoint {
  if (dc.address !== "") return { host: dc.address, port: dc.port };
  if (server.kind === "custom") return { host: server.host, port: server.port };
  throw new AppError(
    "no-dc-address",
    "This session was made on a test server and cannot be used on Telegram.",
  );
}

/**
 * The address of a data centre in the server's own list. Skips options for media, CDN or
 * obfuscated-only use, which cannot log in. AppError `unknown-dc` when there is none.
 */
export function pickDc(options: readonly DcOption[], id: number): DcAddress {
  const fit = options.find(
    (option) =>
      option.id === id && !option.ipv6 && !option.mediaOnly && !option.cdn && !option.tcpoOnly,
  );
  if (fit) return { id, address: fit.ipAddress, port: fit.port };
  throw new AppError(
    "unknown-dc",
    `The server sent us to data centre ${id} but does not list its address.`,
    {
      details: { dc: id },
    },
  );
}

/**
 * Makes GramJS accept a custom server; GramJS stores keys per process. AppError `bad-server-key`.
 */
export function trustServer(server: TelegramServer): void {
  if (server.kind !== "custom") return;
  const { modulus, exponent } = parseKey(server.publicKeyPem);
  serverKeys.set(rsaFingerprint(modulus, exponent), {
    n: bigInt(modulus.toString("hex"), 16),
    e: Number.parseInt(exponent.toString("hex"), 16),
  });
}

/**
 * Fingerprint of an RSA key in GramJS's form: the last 8 bytes of SHA1(n ++ e) in TL encoding, as a
 * signed little-endian number in decimal (https://core.telegram.org/mtproto/auth_key).
 */
export function rsaFingerprint(modulus: Buffer, exponent: Buffer): string {
  const digest = createHash("sha1").update(tlBytes(modulus)).update(tlBytes(exponent)).digest();
  return digest.readBigInt64LE(12).toString();
}

function parseKey(pem: string): { modulus: Buffer; exponent: Buffer } {
  try {
    const jwk = createPublicKey({ key: pem, format: "pem", type: "pkcs1" }).export({
      format: "jwk",
    });
    return {
      modulus: Buffer.from(jwk.n ?? "", "base64url"),
      exponent: Buffer.from(jwk.e ?? "", "base64url"),
    };
  } catch (cause) {
    throw new AppError(
      "bad-server-key",
      "The server's key must be an RSA public key in PKCS#1 PEM form.",
      { cause },
    );
  }
}

function tlBytes(data: Buffer): Buffer {
  const head =
    data.length < 254
      ? Buffer.from([data.length])
      : Buffer.from([254, data.length & 255, (data.length >> 8) & 255, data.length >> 16]);
  const unpadded = Buffer.concat([head, data]);
  return Buffer.concat([unpadded, Buffer.alloc((4 - (unpadded.length % 4)) % 4)]);
}
