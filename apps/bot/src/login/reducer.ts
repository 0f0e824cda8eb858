import type { CommandOutcome, LoginStep } from "@flotilla/contracts";
import { cleanPaste } from "@flotilla/kernel";
import { type Said, say } from "../kit/words/said.ts";
import { refusalSaid } from "./refusals.ts";
import { type AskCode, hasKeys, WizardStep } from "./wizard-state.ts";

/**
 * The next step of a wizard after the worker answered. Pure: a mistake keeps the step, only an end
 * ends it, and an end is final.
 */
export function afterOutcome(step: WizardStep, outcome: CommandOutcome, now: number): WizardStep {
  // Such as the answer of a process that was replaced in the middle of the login.
  if (step.kind === "ended") return step;
  switch (outcome.kind) {
    case "login":
      return afterLoginStep(step, outcome.step, now);
    case "failed":
      return keep(step, say("login-failed", { code: outcome.code, why: outcome.message }));
    case "expired":
      return keep(step, say("login-expired"));
    case "done":
    case "holders":
    case "backups":
    case "devices":
    case "log":
    case "doctor":
    case "dry":
    case "chats":
    case "topics":
    case "unknown-chats":
    case "record":
      return step;
    default:
      return outcome satisfies never;
  }
}

function afterLoginStep(step: WizardStep, login: LoginStep, now: number): WizardStep {
  switch (login.kind) {
    case "began":
      return { kind: "ask-phone", known: login.knownPhoneMasked, note: null };
    case "code-sent":
      return {
        kind: "ask-code",
        via: login.via,
        length: login.length,
        nextVia: login.nextVia,
        resendAt: login.resendAt,
        expiresAt: login.expiresAt,
        note: null,
        dead: false,
      };
    case "wrong-code":
      return withNote(lastAskCode(step), say("login-wrong-code", { tries: login.triesLeft }));
    case "code-expired":
      return { ...lastAskCode(step), note: say("login-code-expired"), dead: true };
    case "password-needed":
      return { kind: "ask-password", hint: login.hint, note: null };
    case "wrong-password":
      return {
        kind: "ask-password",
        hint: hintOf(step),
        note: say("login-wrong-password", { tries: login.triesLeft }),
      };
    case "changed":
      return {
        kind: "confirm-account",
        now: nameOfAccount(login.account),
        before: nameOfAccount(login.before),
        note: null,
      };
    case "done":
      return { kind: "ended", text: say("login-over") };
    case "qr":
      // The picture is not part of the step: the holder of the key shows it.
      return step.kind === "qr"
        ? { ...step, count: step.count + 1, expiresAt: login.expiresAt }
        : step;
    case "session-found": {
      const { format, userId, resumes, otherApiId } = login;
      return { kind: "confirm-session", known: knownOf(step), format, userId, resumes, otherApiId };
    }
    case "session-taken":
      return { kind: "ended", text: say("login-over") };
    case "cancelled":
      return { kind: "ended", text: say("login-cancelled") };
    case "refused": {
      const text = refusalSaid(login, now);
      return login.final ? { kind: "ended", text } : keep(step, text);
    }
    default:
      return login satisfies never;
  }
}

/** The step that the admin is at, with a note: what was under way is asked again. */
export function keep(step: WizardStep, note: Said): WizardStep {
  switch (step.kind) {
    case "preparing":
      return { kind: "ended", text: note };
    case "sending-code":
      return { kind: "ask-phone", known: null, note };
    case "qr":
      return { kind: "ask-phone", known: step.known, note };
    case "ask-phone":
      return { ...step, note };
    case "ask-code":
    case "checking-code":
      return withNote(lastAskCode(step), note);
    case "ask-password":
      return { ...step, note };
    case "checking-password":
      return { kind: "ask-password", hint: step.hint, note };
    case "confirm-account":
    case "keeping-account":
      return { ...step, kind: "confirm-account", note };
    case "ask-session":
    case "reading-session":
    case "confirm-session":
    case "taking-session":
      return { kind: "ask-session", known: step.known, note };
    case "ended":
      return step;
    default:
      return step satisfies never;
  }
}

/** A code that was sent in the chat is dead: Telegram cancels it. Null for a text that is none. */
export function typedCode(step: WizardStep, text: string): WizardStep | null {
  if (step.kind !== "ask-code") return null;
  const keys = hasKeys(step.via);
  if (keys && !/\d/.test(cleanPaste(text))) return null;
  return { ...step, dead: true, note: say(keys ? "login-typed-code" : "login-typed-word") };
}

/** `@ann`, or the name of an account without one. */
export function nameOfAccount({
  username,
  name,
}: {
  readonly username: string | null;
  readonly name: string;
}): string {
  return username ? `@${username}` : name;
}

function withNote(step: AskCode, note: Said): WizardStep {
  return { ...step, note };
}

const UNKNOWN_CODE: AskCode = {
  kind: "ask-code",
  via: "app",
  length: 5,
  nextVia: null,
  resendAt: null,
  expiresAt: 0,
  note: null,
  dead: false,
};

function lastAskCode(step: WizardStep): AskCode {
  if (step.kind === "ask-code") return step;
  if (step.kind !== "checking-code") return UNKNOWN_CODE;
  const before = WizardStep.safeParse(step.before);
  return before.success && before.data.kind === "ask-code" ? before.data : UNKNOWN_CODE;
}

function hintOf(step: WizardStep): string | null {
  return step.kind === "ask-password" || step.kind === "checking-password" ? step.hint : null;
}

function knownOf(step: WizardStep): string | null {
  return "known" in step ? step.known : null;
}
