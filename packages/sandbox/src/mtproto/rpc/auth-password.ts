import { randomBytes } from "node:crypto";
import { RpcError } from "../../world/errors.ts";
import type { Account } from "../../world/model.ts";
import { DH_G, DH_PRIME } from "../crypto/dh.ts";
import type { SrpVerifier } from "../crypto/srp.ts";
import type { TlObject } from "../tl/schema.ts";
import { authorize } from "./auth-code.ts";
import { bytes, type Call, long, type Method, object } from "./call.ts";

function algorithm({ salt1, salt2 }: Pick<SrpVerifier, "salt1" | "salt2">): TlObject {
  return {
    _: "passwordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow",
    salt1,
    salt2,
    g: DH_G,
    p: DH_PRIME,
  };
}

/** Who is asked for a password: the account logged in, or the one that gave the right code. */
function owner({ account, permanent, world }: Call): Account {
  const pending =
    permanent.passwordPending === null
      ? undefined
      : world.state.accounts.get(permanent.passwordPending);
  const found = account ?? pending;
  if (!found) throw new RpcError(401, "AUTH_KEY_UNREGISTERED");
  return found;
}

const getPassword: Method = (call) => {
  const account = owner(call);
  const common = {
    new_algo: algorithm({ salt1: randomBytes(8), salt2: randomBytes(16) }),
    new_secure_algo: { _: "securePasswordKdfAlgoPBKDF2HMACSHA512iter100000", salt: randomBytes(8) },
    secure_random: randomBytes(256),
  };
  if (!account.password) return { _: "account.password", ...common };
  const { srpId, publicB, verifier } = call.world.passwords.ask(account, account.password);
  return {
    _: "account.password",
    has_password: true,
    current_algo: algorithm(verifier),
    srp_B: publicB,
    srp_id: srpId,
    hint: account.password.hint,
    ...common,
  };
};

const checkPassword: Method = (call, query) => {
  const account = owner(call);
  const proof = object(query, "password");
  if (!account.password || proof._ !== "inputCheckPasswordSRP")
    throw new RpcError(400, "PASSWORD_HASH_INVALID");
  const given = { srpId: long(proof, "srp_id"), A: bytes(proof, "A"), M1: bytes(proof, "M1") };
  call.world.passwords.check(account, account.password, given);
  return authorize(call, account);
};

/** Two-step verification (https://core.telegram.org/api/srp). */
export const authPasswordMethods: Record<string, Method> = {
  "account.getPassword": getPassword,
  "auth.checkPassword": checkPassword,
};
