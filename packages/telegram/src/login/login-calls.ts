import { AppError, withTimeout } from "@flotilla/kernel";
import type { SelfUser } from "@flotilla/session-store";
import { Api } from "telegram";
import { computeCheck } from "telegram/Password.js";
import type { ApiCredentials } from "../link/account-options.ts";
import { fetchSelf } from "../link/self.ts";
import { lostReason } from "../wire/fault.ts";
import type { LoginLink } from "./login-link.ts";
import { answered } from "./login-result.ts";
import type { LoginCode } from "./login-state.ts";

const SELF_ATTEMPTS = 3;
const FAREWELL_MS = 1000;

/** `auth.sendCode`; repeated once when the server asks to restart the login. */
export async function requestCode(
  link: LoginLink,
  phone: string,
  api: ApiCredentials,
): Promise<Api.auth.TypeSentCode> {
  const settings = new Api.CodeSettings({});
  const request = new Api.auth.SendCode({
    phoneNumber: phone,
    apiId: api.id,
    apiHash: api.hash,
    settings,
  });
  try {
    return await link.invoke(request);
  } catch (error) {
    if (!answered(error, "AUTH_RESTART")) throw error;
    return await link.invoke(request);
  }
}

/** `auth.signIn` for the kind of code that was sent. */
export function signInRequest(
  phone: string,
  sent: Api.auth.SentCode,
  code: string,
): Api.auth.SignIn {
  const base = { phoneNumber: phone, phoneCodeHash: sent.phoneCodeHash };
  if (!(sent.type instanceof Api.auth.SentCodeTypeEmailCode))
    return new Api.auth.SignIn({ ...base, phoneCode: code });
  return new Api.auth.SignIn({
    ...base,
    emailVerification: new Api.EmailVerificationCode({ code }),
  });
}

/**
 * `auth.checkPassword` with fresh SRP parameters (https://core.telegram.org/api/srp); repeated once
 * when they expired meanwhile. Computing the proof blocks the event loop for about 0.2 s.
 */
export async function checkPassword(
  link: LoginLink,
  password: string,
): Promise<Api.auth.TypeAuthorization> {
  const attempt = async (): Promise<Api.auth.TypeAuthorization> => {
    const parameters = await link.invoke(new Api.account.GetPassword());
    return await link.invoke(
      new Api.auth.CheckPassword({ password: await computeCheck(parameters, password) }),
    );
  };
  try {
    return await attempt();
  } catch (error) {
    if (!answered(error, "SRP_ID_INVALID", "SRP_PASSWORD_CHANGED")) throw error;
    return await attempt();
  }
}

/** Asks who is logged in; reconnects when the connection breaks meanwhile. */
export async function fetchSelfPatiently(link: LoginLink): Promise<SelfUser> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await fetchSelf(await link.ready());
    } catch (error) {
      if (lostReason(error) === null || attempt >= SELF_ATTEMPTS) throw error;
    }
  }
}

/**
 * Runs a step that may run twice, and once more over a new connection when the connection broke
 * (`LoginLink.answerLost` tells the second run).
 */
export async function overBrokenLink<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (lostReason(error) !== "socket") throw error;
    return await step();
  }
}

/**
 * Releases what a login has at the server: the authorisation, or the sent code. Best effort, one
 * second at most. Never rejects.
 */
export async function sayGoodbye(link: LoginLink, has: "signed-in" | LoginCode): Promise<void> {
  const farewell = farewellFor(has);
  if (!link.open || farewell === null) return;
  const late = (): AppError => new AppError("call-timeout", "No answer to the logout.");
  await withTimeout(link.invoke(farewell), FAREWELL_MS, late).catch(() => {});
}

function farewellFor(has: "signed-in" | LoginCode): Api.AnyRequest | null {
  if (has === "signed-in") return new Api.auth.LogOut();
  if (has.kind !== "sent") return null;
  const { phoneCodeHash } = has.sent;
  return new Api.auth.CancelCode({ phoneNumber: has.phone, phoneCodeHash });
}
