import { RpcError } from "../../world/errors.ts";
import type { Account, LoginCode } from "../../world/model.ts";
import type { CodeVia } from "../../world/views.ts";
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
  call.world.logIn({
    keyId: call.permanent.id,
    account,
    client,
    ip: call.connection.remoteAddress,
    imported,
  });
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

/** What each way of delivery looks like on the wire. */
const TYPES: Readonly<Record<CodeVia, TlObject>> = {
  app: { _: "auth.sentCodeTypeApp", length: CODE_LENGTH },
  sms: { _: "auth.sentCodeTypeSms", length: CODE_LENGTH },
  call: { _: "auth.sentCodeTypeCall", length: CODE_LENGTH },
  "flash-call": { _: "auth.sentCodeTypeFlashCall", pattern: "*" },
  "missed-call": { _: "auth.sentCodeTypeMissedCall", prefix: "+1555", length: CODE_LENGTH },
  email: {
    _: "auth.sentCodeTypeEmailCode",
    email_pattern: "a***@example.org",
    length: CODE_LENGTH,
  },
  "email-setup": { _: "auth.sentCodeTypeSetUpEmailRequired" },
  fragment: {
    _: "auth.sentCodeTypeFragmentSms",
    url: "https://fragment.com/login",
    length: CODE_LENGTH,
  },
  firebase: { _: "auth.sentCodeTypeFirebaseSms", length: CODE_LENGTH },
  "sms-word": { _: "auth.sentCodeTypeSmsWord" },
  "sms-phrase": { _: "auth.sentCodeTypeSmsPhrase" },
};

function sentCode(code: LoginCode): TlObject {
  const isLast = code.type === "sms";
  return {
    _: "auth.sentCode",
    type: TYPES[code.type],
    phone_code_hash: code.hash,
    next_type: isLast ? null : { _: "auth.codeTypeSms" },
    timeout: isLast ? null : RESEND_AFTER_S,
  };
}

/**
 * A code that came by e-mail is given back as such, and no other
 * (https://core.telegram.org/api/auth#email-verification).
 */
function typedCode(query: TlObject, { type }: LoginCode): string {
  const email = query["email_verification"] as TlObject | null | undefined;
  if (type !== "email") return text(query, "phone_code");
  if (email?._ !== "emailVerificationCode") throw new RpcError(400, "EMAIL_VERIFY_EXPIRED");
  return text(email, "code");
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
  if (code.type === "sms") throw new RpcError(406, "SEND_CODE_UNAVAILABLE");
  return sentCode(call.world.sendCode(phone, call.permanent.id, true));
};

const cancelCode: Method = (call, query) => {
  const phone = cleanPhone(text(query, "phone_number"));
  call.world.codes.find(phone, text(query, "phone_code_hash"), call.permanent.id).state =
    "withdrawn";
  return true;
};

const signIn: Method = (call, query) => {
  const phone = cleanPhone(text(query, "phone_number"));
  if (!/^\d{7,15}$/.test(phone)) throw new RpcError(400, "PHONE_NUMBER_INVALID");
  const code = call.world.codes.find(phone, text(query, "phone_code_hash"), call.permanent.id);
  call.world.codes.use(code, typedCode(query, code));
  const account = call.world.byPhone(phone);
  return account
    ? authorizeOrAskPassword(call, account)
    : { _: "auth.authorizationSignUpRequired" };
};

/** Login by code (https://core.telegram.org/api/auth). */
export const authCodeMethods: Record<string, Method> = {
  "auth.sendCode": sendCode,
  "auth.resendCode": resendCode,
  "auth.cancelCode": cancelCode,
  "auth.signIn": signIn,
};
