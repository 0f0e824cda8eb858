import type { Api } from "telegram";

/** The code of a login. */
export type LoginCode =
  /** No phone is known: at the beginning, or by QR code. */
  | { readonly kind: "none" }
  /** Telegram has sent no code to this phone, or the code expired. */
  | { readonly kind: "due"; readonly phone: string }
  | {
      readonly kind: "sent";
      readonly phone: string;
      readonly sent: Api.auth.SentCode;
      /** Wrong tries of this code. */
      readonly wrong: number;
    };

/**
 * Where a login stands. Impossible combinations are not values of this type. Only
 * {@link transition} makes the next value.
 */
export type LoginState =
  /**
   * Telegram waits for the code or a scan; at `password`, for the 2FA password. `wrongPasswords`
   * counts over the whole login, because Telegram counts so too.
   */
  | {
      readonly at: "code" | "password";
      readonly code: LoginCode;
      readonly wrongPasswords: number;
    }
  /** Telegram has authorised the key, which is not the session's yet. */
  | { readonly at: "signed-in"; readonly mayChange: boolean }
  /** Done, given up or cancelled. */
  | { readonly at: "ended" };

/** The inputs of {@link transition}. */
export type LoginEvent =
  /** An admin gave a phone, and a code is requested for it. */
  | { readonly kind: "phone-given"; readonly phone: string }
  | { readonly kind: "code-sent"; readonly sent: Api.auth.SentCode }
  | { readonly kind: "code-wrong" }
  | { readonly kind: "code-expired" }
  | { readonly kind: "password-needed" }
  | { readonly kind: "password-wrong" }
  | { readonly kind: "signed-in" }
  /** An admin accepts another account than before. */
  | { readonly kind: "change-accepted" }
  | { readonly kind: "ended" };

/** An event that is impossible in this state. */
export interface RefusedEvent {
  readonly refused: true;
  readonly at: LoginState["at"];
  readonly event: LoginEvent["kind"];
}

/** The state of a new login. */
export const NOT_BEGUN: LoginState = { at: "code", code: { kind: "none" }, wrongPasswords: 0 };

type Waiting = Extract<LoginState, { at: "code" | "password" }>;

/** The only way from one state to another. Pure and total. Nothing follows the end of a login. */
export function transition(state: LoginState, event: LoginEvent): LoginState | RefusedEvent {
  if (event.kind === "ended" || state.at === "ended") return { at: "ended" };
  if (state.at !== "signed-in") return whileWaiting(state, event);
  if (event.kind === "signed-in") return state;
  if (event.kind === "change-accepted") return { at: "signed-in", mayChange: true };
  return refuse(state, event);
}

function whileWaiting(
  state: Waiting,
  event: Exclude<LoginEvent, { kind: "ended" }>,
): LoginState | RefusedEvent {
  const { code } = state;
  switch (event.kind) {
    case "phone-given":
      return phoneGiven(state, event.phone);
    case "code-sent":
      if (code.kind === "none") return refuse(state, event);
      return { ...state, at: "code", code: sentTo(code.phone, event.sent) };
    case "code-wrong":
      if (code.kind === "sent") return { ...state, code: { ...code, wrong: code.wrong + 1 } };
      return refuse(state, event);
    case "code-expired":
      if (code.kind === "sent") return { ...state, code: { kind: "due", phone: code.phone } };
      return refuse(state, event);
    case "password-needed":
      return { ...state, at: "password" };
    case "password-wrong":
      if (state.at === "password") return { ...state, wrongPasswords: state.wrongPasswords + 1 };
      return refuse(state, event);
    case "signed-in":
      return { at: "signed-in", mayChange: false };
    case "change-accepted":
      return refuse(state, event);
    default:
      return event satisfies never;
  }
}

/** A code that was sent to the same phone stays valid until Telegram sends the next one. */
function phoneGiven(state: Waiting, phone: string): LoginState {
  const { code } = state;
  if (code.kind !== "none" && code.phone === phone) return state;
  return { ...state, at: "code", code: { kind: "due", phone } };
}

function sentTo(phone: string, sent: Api.auth.SentCode): LoginCode {
  return { kind: "sent", phone, sent, wrong: 0 };
}

function refuse(state: LoginState, event: LoginEvent): RefusedEvent {
  return { refused: true, at: state.at, event: event.kind };
}
