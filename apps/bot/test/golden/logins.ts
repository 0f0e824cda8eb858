import { say } from "../../src/kit/words/said.ts";
import type { WizardStep } from "../../src/login/wizard-state.ts";
import { NOW } from "../support.ts";

const MIN = 60_000;
const code = {
  kind: "ask-code",
  via: "app",
  length: 5,
  nextVia: "sms",
  resendAt: NOW + 58_000,
  expiresAt: NOW + 10 * MIN,
  note: null,
  dead: false,
} as const;
const session = {
  kind: "confirm-session",
  known: null,
  format: "telethon-file",
  userId: "777",
  resumes: true,
  otherApiId: null,
} as const;
const account = { now: "@bob", before: "@ann" };
type Shown<K extends WizardStep["kind"]> = Extract<WizardStep, { kind: K }>;

/**
 * Every step of a login, in the forms that differ for people. A new step does not compile until it
 * is here.
 */
export const LOGIN_STEPS: { readonly [K in WizardStep["kind"]]: readonly Shown<K>[] } = {
  preparing: [{ kind: "preparing" }],
  "ask-phone": [
    { kind: "ask-phone", known: null, note: null },
    { kind: "ask-phone", known: "+49 … 17", note: say("login-bad-phone") },
  ],
  "sending-code": [{ kind: "sending-code" }],
  qr: [
    { kind: "qr", message: null, count: 0, expiresAt: null, known: null },
    { kind: "qr", message: 5, count: 3, expiresAt: NOW + 24_000, known: null },
  ],
  "ask-code": [
    code,
    { ...code, note: say("login-wrong-code", { tries: 2 }), resendAt: NOW - 1 },
    { ...code, note: say("login-typed-code"), dead: true },
    { ...code, note: say("login-code-expired"), dead: true },
    ...["sms", "call", "flash-call", "email", "fragment"].map((via) => ({ ...code, via })),
    ...["firebase", "sms-word", "sms-phrase", "email-setup", "unknown"].map((via) => ({
      ...code,
      via,
    })),
    { ...code, via: "sms-word", nextVia: null, resendAt: null },
    { ...code, via: "sms-phrase", note: say("login-typed-word"), dead: true },
  ],
  "checking-code": [{ kind: "checking-code", before: code }],
  "ask-password": [
    { kind: "ask-password", hint: null, note: null },
    { kind: "ask-password", hint: "dog", note: say("login-wrong-password", { tries: 2 }) },
  ],
  "checking-password": [{ kind: "checking-password", hint: "dog" }],
  "confirm-account": [{ kind: "confirm-account", ...account, note: null }],
  "keeping-account": [{ kind: "keeping-account", ...account }],
  "ask-session": [
    { kind: "ask-session", known: null, note: null },
    { kind: "ask-session", known: null, note: say("refusal-import-unknown-format") },
  ],
  "reading-session": [{ kind: "reading-session", known: null }],
  "confirm-session": [
    session,
    { ...session, format: "gramjs-string", userId: null, resumes: false, otherApiId: 12345 },
  ],
  "taking-session": [{ kind: "taking-session", known: null }],
  ended: [
    { kind: "ended", text: say("login-done", { worker: "news_1", name: "@ann" }) },
    { kind: "ended", text: say("login-cancelled") },
    { kind: "ended", text: say("login-lost") },
    { kind: "ended", text: say("refusal-timeout") },
    {
      kind: "ended",
      text: say("login-failed", { code: "call-timeout", why: "The call took too long." }),
    },
    {
      kind: "ended",
      text: say("login-failed", {
        code: "new-code",
        why: "Something that only its host has words for.",
      }),
    },
  ],
};
