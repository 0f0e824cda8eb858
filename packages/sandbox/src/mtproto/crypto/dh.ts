import { constants, createPublicKey, publicEncrypt, randomBytes } from "node:crypto";

/** The one 2048-bit safe prime that every client knows; with g = 3 it passes all their checks. */
export const DH_PRIME = Buffer.from(
  "c71caeb9c6b1c9048e6c522f70f13f73980d40238e3e21c14934d037563d930f" +
    "48198a0aa7c14058229493d22530f4dbfa336f6e0ac925139543aed44cce7c37" +
    "20fd51f69458705ac68cd4fe6b6b13abdc9746512969328454f18faf8c595f64" +
    "2477fe96bb2a941d5bcd1d4ac8cc49880708fa9b378e3c4f3a9060bee67cf9a4" +
    "a4a695811051907e162753b56b0f6b410dba74d8a84b2a14b3144e0ef1284754" +
    "fd17ed950d5965b4b9dd46582db1178d169c6bc465b0d6ff9ca3928fef5b9ae4" +
    "e418fc15e83ebea0f87fa9ff5eed70050ded2849f47bf959d956850ce929851f" +
    "0d8115f635b105ee2e4e15d04b2454bf6f4fadf034b10403119cd8e3b92fcc5b",
  "hex",
);

/** The generator that goes with {@link DH_PRIME}. */
export const DH_G = 3;

/** Bytes of the prime, and of every number modulo it. */
export const DH_SIZE = 256;

/** `value` with zeros in front, {@link DH_SIZE} bytes long. */
export function padded(value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.alloc(Math.max(0, DH_SIZE - value.length)), value]);
}

/**
 * base^exponent mod the prime, {@link DH_SIZE} bytes; `base` is less than the prime.
 * Raw RSA is the same power, and Node has no other native one that is quick: a DiffieHellman object
 * first proves the prime prime, which takes some 200 ms each time.
 */
export function modPow(base: Uint8Array, exponent: Uint8Array): Buffer {
  // RSA wants an exponent below the modulus; modulo p - 1 it gives the same power (Fermat).
  const reduced = fromBig(toBig(exponent) % (toBig(DH_PRIME) - 1n));
  const jwk = { kty: "RSA", n: DH_PRIME.toString("base64url"), e: reduced.toString("base64url") };
  const key = createPublicKey({ format: "jwk", key: jwk });
  return publicEncrypt({ key, padding: constants.RSA_NO_PADDING }, padded(base));
}

/** A secret exponent of full size. */
export function randomExponent(): Buffer {
  return randomBytes(DH_SIZE);
}

/** Whether 1 < value < prime - 1 (https://core.telegram.org/mtproto/auth_key, "Validating"). */
export function isGoodPublic(value: Uint8Array): boolean {
  const number = toBig(value);
  return number > 1n && number < toBig(DH_PRIME) - 1n;
}

export function toBig(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
}

/** Big-endian bytes of a number modulo the prime, {@link DH_SIZE} long. */
export function fromBig(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(2 * DH_SIZE, "0"), "hex");
}
