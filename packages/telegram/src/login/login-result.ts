import type { Fault } from "@flotilla/contracts";
import { withoutUndefined } from "@flotilla/kernel";
import type { SelfUser } from "@flotilla/session-store";
import type { Api } from "telegram";
import { classify } from "../wire/classify.ts";
import { rawRpcError } from "../wire/vendor.ts";

/**
 * How a login code is delivered (https://core.telegram.org/api/auth#code-types). Only official apps
 * can use `firebase`; `email-setup` delivers none until a login e-mail is set up in one.
 */
export type CodeVia =
  | "app"
  | "sms"
  | "call"
  | "flash-call"
  | "missed-call"
  | "email"
  | "email-setup"
  | "fragment"
  | "firebase"
  | "sms-word"
  | "sms-phrase"
  | "unknown";

/** Why a step was refused. */
export type RefusalReason =
  | "phone-invalid"
  | "phone-banned"
  | "phone-flood"
  | "password-flood"
  | "flood-wait"
  | "no-account"
  | "api-id"
  | "update-app"
  | "send-code-unavailable"
  | "already-used"
  | "too-many-codes"
  | "too-many-passwords"
  | "wrong-step"
  | "qr-expired"
  | "cancelled"
  | "network"
  | "server"
  | "other";

/**
 * Result of a login step. Data, because a wizard must handle each of them. Contains no secret.
 * `final` = this flow is over; otherwise the step can be retried.
 */
export type LoginResult =
  | {
      readonly kind: "code-sent";
      readonly via: CodeVia;
      /** Number of characters, at least 1. */
      readonly length: number;
      readonly nextVia: CodeVia | null;
      /** Seconds until `resendCode` makes sense; null = no other way of delivery. */
      readonly resendAfterS: number | null;
    }
  | { readonly kind: "password-needed"; readonly hint: string | null }
  /** Logged in as another account than before; only `keepChanged` keeps it. */
  | { readonly kind: "changed"; readonly self: SelfUser; readonly before: SelfUser }
  | { readonly kind: "done"; readonly self: SelfUser }
  | { readonly kind: "wrong-code"; readonly triesLeft: number }
  | { readonly kind: "code-expired" }
  | { readonly kind: "wrong-password"; readonly triesLeft: number }
  | {
      readonly kind: "refused";
      readonly reason: RefusalReason;
      readonly fault: Fault | null;
      readonly waitS: number | null;
      readonly final: boolean;
      /** The worker that already has this account. */
      readonly who?: string;
    };

/**
 * A QR login token; `url` is what the QR code shows. `expiresAt` is milliseconds since the Unix
 * epoch.
 */
export interface QrToken {
  readonly url: string;
  readonly expiresAt: number;
}

const REASONS: ReadonlyMap<string, RefusalReason> = new Map(
  Object.entries({
    PHONE_NUMBER_INVALID: "phone-invalid",
    PHONE_NUMBER_BANNED: "phone-banned",
    PHONE_NUMBER_UNOCCUPIED: "no-account",
    PHONE_NUMBER_FLOOD: "phone-flood",
    PHONE_PASSWORD_FLOOD: "password-flood",
    API_ID_INVALID: "api-id",
    API_ID_PUBLISHED_FLOOD: "api-id",
    CONNECTION_API_ID_INVALID: "api-id",
    UPDATE_APP_TO_LOGIN: "update-app",
    SEND_CODE_UNAVAILABLE: "send-code-unavailable",
  } satisfies Record<string, RefusalReason>),
);
const FINAL: ReadonlySet<RefusalReason> = new Set([
  "phone-banned",
  "phone-flood",
  "password-flood",
  "no-account",
  "api-id",
  "update-app",
  "already-used",
  "cancelled",
]);

/** A refusal that this program decides. */
export function refuse(reason: RefusalReason, who?: string): LoginResult {
  return {
    kind: "refused",
    reason,
    fault: null,
    waitS: null,
    final: FINAL.has(reason),
    ...withoutUndefined({ who }),
  };
}

/**
 * Turns an error of a step into data. Throws bugs and a broken disk on: no wizard can handle them.
 */
export function refusalOf(error: unknown): LoginResult {
  const fault = classify(error);
  if (fault.class === "CRASH" || fault.class === "DB_BROKEN") throw error;
  const reason = reasonOf(fault);
  return { kind: "refused", reason, fault, waitS: fault.waitS ?? null, final: FINAL.has(reason) };
}

function reasonOf(fault: Fault): RefusalReason {
  const known = REASONS.get(fault.code);
  if (known) return known;
  if (fault.class === "FLOOD") return "flood-wait";
  if (fault.class === "NETWORK") return "network";
  return fault.class === "TG_SERVER" ? "server" : "other";
}

/** Whether the error is an answer of the server with one of these texts. */
export function answered(error: unknown, ...texts: readonly string[]): boolean {
  const raw = rawRpcError(error);
  return raw !== null && texts.includes(raw.text);
}

/** The public part of `auth.sentCode`. */
export function describeSentCode(sent: Api.auth.SentCode): LoginResult {
  const via = viaOf(sent.type.className, "auth.SentCodeType");
  const code = { kind: "code-sent", via, length: lengthOf(sent.type) } as const;
  if (!sent.nextType) return { ...code, nextVia: null, resendAfterS: null };
  const nextVia = viaOf(sent.nextType.className, "auth.CodeType");
  return { ...code, nextVia, resendAfterS: sent.timeout ?? 0 };
}

const VIAS: ReadonlyMap<string, CodeVia> = new Map(
  Object.entries({
    App: "app",
    Sms: "sms",
    Call: "call",
    FlashCall: "flash-call",
    MissedCall: "missed-call",
    EmailCode: "email",
    SetUpEmailRequired: "email-setup",
    FragmentSms: "fragment",
    FirebaseSms: "firebase",
    SmsWord: "sms-word",
    SmsPhrase: "sms-phrase",
  } satisfies Record<string, CodeVia>),
);

function viaOf(className: string, prefix: string): CodeVia {
  return VIAS.get(className.slice(prefix.length)) ?? "unknown";
}

function lengthOf(type: Api.auth.TypeSentCodeType): number {
  if ("length" in type) return Math.max(1, type.length);
  return "pattern" in type ? Math.max(1, type.pattern.length) : 1;
}
