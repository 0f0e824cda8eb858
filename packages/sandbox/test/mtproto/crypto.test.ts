import { constants, createPublicKey, publicEncrypt, randomBytes } from "node:crypto";
import bigInt from "big-integer";
import { IGE } from "telegram/crypto/IGE.js";
import { _serverKeys, encrypt } from "telegram/crypto/RSA.js";
import { modExp, readBigIntFromBuffer, readBufferFromBigInt } from "telegram/Helpers.js";
import { expect, it } from "vitest";
import { DH_PRIME, modPow } from "../../src/mtproto/crypto/dh.ts";
import { igeDecrypt, igeEncrypt } from "../../src/mtproto/crypto/ige.ts";
import { RsaKey } from "../../src/mtproto/crypto/rsa.ts";

it("does AES-IGE as GramJS does", () => {
  for (const blocks of [1, 2, 3, 40]) {
    const [key, iv, plain] = [randomBytes(32), randomBytes(32), randomBytes(16 * blocks)];
    const secret = new IGE(key, iv).encryptIge(plain);
    expect(igeEncrypt(plain, key, iv).equals(secret)).toBe(true);
    expect(igeDecrypt(secret, key, iv).equals(plain)).toBe(true);
  }
});

it("raises to a power modulo the prime as GramJS does, also with exponents above the prime", () => {
  const prime = readBigIntFromBuffer(DH_PRIME, false);
  for (const exponent of [Buffer.from([2]), randomBytes(32), Buffer.alloc(256, 0xff)]) {
    const base = randomBytes(200);
    const expected = modExp(
      readBigIntFromBuffer(base, false),
      readBigIntFromBuffer(exponent, false),
      prime,
    );
    expect(modPow(base, exponent).equals(readBufferFromBigInt(expected, 256, false))).toBe(true);
  }
});

it("has the fingerprint and the old padding that clients expect of an RSA key", async () => {
  const key = RsaKey.fromPem(RsaKey.generate().privatePem());
  const { n = "" } = createPublicKey(key.publicPem).export({ format: "jwk" });
  const modulus = bigInt(Buffer.from(n, "base64url").toString("hex"), 16);
  _serverKeys.set(key.fingerprint.toString(), { n: modulus, e: 65_537 });
  const data = randomBytes(100);
  // GramJS's own, unused, implementation of the padding from before 2021; it has no leading zero
  // byte to spare.
  const secret = await encrypt(bigInt(key.fingerprint.toString()), data);
  _serverKeys.delete(key.fingerprint.toString());
  expect(secret && key.open(secret)?.equals(data)).toBe(true);
});

it("takes nothing that was made for another key", () => {
  const key = RsaKey.generate();
  const other = createPublicKey(RsaKey.generate().publicPem);
  const secret = publicEncrypt(
    { key: other, padding: constants.RSA_NO_PADDING },
    Buffer.concat([Buffer.alloc(1), randomBytes(255)]),
  );
  const below = Buffer.concat([Buffer.alloc(1), secret.subarray(1)]);
  expect(key.open(below)).toBeNull();
  expect(key.open(Buffer.alloc(10))).toBeNull();
});
