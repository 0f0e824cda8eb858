import { pbkdf2Sync, randomBytes } from "node:crypto";
import {
  DH_G,
  DH_PRIME,
  fromBig,
  isGoodPublic,
  modPow,
  padded,
  randomExponent,
  toBig,
} from "./dh.ts";
import { sha256 } from "./hash.ts";
import { xor } from "./ige.ts";

/** What the server keeps of a password. */
export interface SrpVerifier {
  readonly salt1: Buffer;
  readonly salt2: Buffer;
  readonly verifier: Buffer;
}

/** One round: the server's secret and the public number derived from it. */
export interface SrpRound {
  readonly secret: Buffer;
  readonly publicB: Buffer;
}

/**
 * The verifier of a password (https://core.telegram.org/api/srp). Takes some 60 ms: 100,000 rounds
 * of PBKDF2.
 */
export function makeVerifier(password: string): SrpVerifier {
  const salt1 = randomBytes(16);
  const salt2 = randomBytes(16);
  const first = sha256(salt2, sha256(salt1, Buffer.from(password, "utf8"), salt1), salt2);
  const stretched = pbkdf2Sync(first, salt1, 100_000, 64, "sha512");
  const x = sha256(salt2, stretched, salt2);
  return { salt1, salt2, verifier: modPow(Buffer.from([DH_G]), x) };
}

/** Starts a round; its `publicB` goes to the client as `srp_B`. */
export function startRound(verifier: SrpVerifier): SrpRound {
  const k = toBig(sha256(DH_PRIME, padded(Buffer.from([DH_G]))));
  const prime = toBig(DH_PRIME);
  for (;;) {
    const secret = randomExponent();
    const publicB = fromBig(
      (k * toBig(verifier.verifier) + toBig(modPow(Buffer.from([DH_G]), secret))) % prime,
    );
    if (isGoodPublic(publicB)) return { secret, publicB };
  }
}

/** Whether the client's `A` and `M1` prove that it knows the password. */
export function provesPassword(
  verifier: SrpVerifier,
  round: SrpRound,
  proof: { A: Uint8Array; M1: Uint8Array },
): boolean {
  if (!isGoodPublic(proof.A)) return false;
  const a = padded(proof.A);
  const u = sha256(a, round.publicB);
  const base = (toBig(a) * toBig(modPow(verifier.verifier, u))) % toBig(DH_PRIME);
  const shared = sha256(modPow(fromBig(base), round.secret));
  const expected = sha256(
    xor(sha256(DH_PRIME), sha256(padded(Buffer.from([DH_G])))),
    sha256(verifier.salt1),
    sha256(verifier.salt2),
    a,
    round.publicB,
    shared,
  );
  return expected.equals(Buffer.from(proof.M1));
}
