import { RpcError } from "../../world/errors.ts";
import type { Account, LoginCode } from "../../world/model.ts";
import { cleanPhone } from "../../world/world.ts";
import { userObject } from "../render/objects.ts";
import type { TlObject } from "../tl/schema.ts";
import { type Call, type Method, text } from "./call.ts";

/** Seconds after which a client may offer to send the code again. */
const RESEND_AFTER_S = 60;
const CODE_LENGTH = 5;

const UNKNOWN_CLIENT = { apiId: 0, device: "unknown", system: "unknown", app: "unknown" };

/** Logs the call's key in to `account` and makes the answer for it. */
export function authorize(call: Call, account: Account, imported = false): TlObject {
  call.permanent.passwordPending = null;
  const client = call.key.client ?? UNKNOWN_CLIENT;
  call.world.logIn({ keyId: call.permanent.id, account, client, ip: call.connection.remoteAddress, imported });
  return { _: "auth.authorization", user: userObject(account, account) };
}

/**
 * The last step of every login: done, or SESSION_PASSWORD_NEEDED for an account with 2FA.
 * The code or token is used up by then.
 */
export function authorizeOrAskPassword(call: Call, account: Account): TlObject {
  if (!account.password) return authorize(call, account);
  call.permanent.passwordPending = account.id;
  throw new RpcError(401, "SESSION_PASSWORD_NEEDED");
}

function sentCode(code: LoginCode): TlObject {
  return {
    _: "auth.sentCode",
    type: { _: code.type === "app" ? "auth.sentCodeTypeApp" : "auth.sentCodeTypeSms", length: CODE_LENGTH },
    phone_code_hash: code.hash,
    next_type: code.type === "app" ? { _: "auth.codeTypeSms" } : null,
    timeout: code.type === "app" ? RESEND_AFTER_S : null,
  };
}

const sendCode: Method = (call, query) => {
  const phone = cleanPhone(text(query, "phone_number"));
  if (!/^\d{7,15}$/.test(phone)) throw new RpcError(400, "PHONE_NUMBER_INVALID");
  const account = call.world.byPhone(phone);
  if (account && account.dc !== call.dc) throw new RpcError(303, `PHONE_MIGRATE_${account.dc}`);
  if (account?.password) call.world.passwords.refuseFlood(account.password);
  return sentCode(call.world.sendCode(phone, call.permanent.id, false));
};

const resendCode: Method = (call, query) => {
  const phone = cleanPhone(text(query, "phone_number"));
  const code = call.world.codes.find(phone, text(query, "phone_code_hash"), call.permanent.id);
  if (code.type !== "app") throw new RpcError(406, "SEND_CODE_UNAVAILABLE");
  return sentCode(call.world.sendCode(phone, call.permanent.id, true));
};

const cancelCode: Method = (call, query) => {
  const phone = cleanPhone(text(query, "phone_number"));
  call.world.codes.find(phone, text(query, "phone_code_hash"), call.permanent.id).state = "cancelled";
  return true;
};

const signIn: Method = (call, query) => {
  const phone = cleanPhone(text(query, "phone_number"));
  if (!/^\d{7,15}$/.test(phone)) throw new RpcError(400, "PHONE_NUMBER_INVALID");
  const code = call.world.codes.find(phone, text(query, "phone_code_hash"), call.permanent.id);
  call.world.codes.use(code, text(query, "phone_code"));
  const account = call.world.byPhone(phone);
  return account ? authorizeOrAskPassword(call, account) : { _: "auth.authorizationSignUpRequired" };
};

/** Login by code (https://core.telegram.org/api/auth). */
export const authCodeMethods: Record<string, Method> = {
  "auth.sendCode": sendCode,
  "auth.resendCode": resendCode,
  "auth.cancelCode": cancelCode,
  "auth.signIn": signIn,
};
