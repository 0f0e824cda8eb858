import { WorkerIdField } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import type { InlineKeyboardButton } from "grammy/types";
import { z } from "zod";
import { encodePress } from "../kit/callback.ts";
import { type Card, screen } from "../kit/chat/screen.ts";
import { backButton, cancelButton, rows, verbButton } from "../kit/keyboard.ts";
import { type Html, html, lines } from "../kit/words/html.ts";
import { type Said, say } from "../kit/words/said.ts";
import type { Words } from "../kit/words/words.ts";
import { type FleetView, unbroken } from "../workers/view.ts";
import type { Wizard } from "./wizard.ts";
import { type AskCode, hasKeys, type WizardStep } from "./wizard-state.ts";

const data = z.object({ worker: WorkerIdField });
declare module "../kit/chat/screen.ts" {
  interface ScreenData {
    login: z.infer<typeof data>;
  }
}

/** The login of this chat; of another worker than `worker`, or of none, it says that it is over. */
export const loginCard = screen(
  "login",
  data,
  ({ wizard }: { readonly wizard: Wizard }, { words, chat, now }: FleetView, { worker }) => {
    const row = wizard.ofChat(chat);
    const digits = row ? wizard.digits(row.admin) : 0;
    const over = { kind: "ended", text: say("login-over") } as const;
    const step = row?.worker === worker ? row.step : over;
    return loginScreen({ words, worker, step, digits, now });
  },
);

/**
 * What the wizard's message shows. `digits` is how many digits of the code were entered, never
 * which.
 */
export interface LoginView {
  readonly words: Words;
  readonly worker: WorkerId;
  readonly step: WizardStep;
  readonly digits: number;
  readonly now: number;
}

/** The wizard's message. */
export function loginScreen(view: LoginView): Card {
  const { words, worker, step } = view;
  const cancel = [cancelButton(words, encodePress("lcancel", worker))];
  const card = (text: Html, keyboard: InlineKeyboardButton[][] = [cancel]): Card => ({
    html: lines(words.html("login-title", { worker }), "", text).text,
    keyboard,
  });
  switch (step.kind) {
    case "preparing":
      return card(words.html("login-preparing"));
    case "ask-phone":
      return card(
        askPhone(words, step.known, step.note),
        rows(
          [step.known && knownPhone(view, step.known)],
          [verbButton(words, "lqr", worker), verbButton(words, "lfile", worker)],
          cancel,
        ),
      );
    case "qr":
      return card(qrText(words, step), [
        [verbButton(words, "lqr", worker), verbButton(words, "lphone", worker)],
        cancel,
      ]);
    case "sending-code":
      return card(words.html("login-sending-code"));
    case "ask-code":
      return card(askCode(view, step), codeButtons(view, step, cancel));
    case "checking-code":
      return card(words.html("login-checking-code"));
    case "ask-password":
      return card(askPassword(words, step.hint, step.note));
    case "checking-password":
      return card(words.html("login-checking-password"));
    case "confirm-account":
    case "keeping-account":
      return card(...accountStep(view, step, cancel));
    case "ask-session":
    case "reading-session":
    case "confirm-session":
    case "taking-session":
      return card(...sessionStep(view, step, cancel));
    case "ended":
      return card(words.said(step.text), [[backButton(words, encodePress("worker", worker))]]);
    default:
      return step satisfies never;
  }
}

function qrText(words: Words, { expiresAt, count }: Extract<WizardStep, { kind: "qr" }>): Html {
  return expiresAt === null
    ? words.html("login-qr-asking")
    : words.html("login-qr", { at: expiresAt, count });
}

/** Another account than before: kept, or everything as it was. */
function accountStep(
  { words, worker }: LoginView,
  step: Extract<WizardStep, { kind: "confirm-account" | "keeping-account" }>,
  cancel: InlineKeyboardButton[],
): [Html, InlineKeyboardButton[][]] {
  const { now, before } = step;
  if (step.kind === "keeping-account") return [words.html("login-keeping", { now }), [cancel]];
  const undo = { text: words.text("button-undo"), callback_data: encodePress("lcancel", worker) };
  const text = lines(
    words.html("login-changed", { worker, now, before }),
    noteLine(words, step.note),
  );
  return [text, [[verbButton(words, "lkeep", worker), undo]]];
}

function noteLine(words: Words, note: Said | null): Html | null {
  return note ? html`\n${words.said(note)}` : null;
}

function askPhone(words: Words, known: string | null, note: Said | null): Html {
  return lines(
    words.html("login-ask-phone"),
    known && words.html("login-known-phone", { phone: unbroken(known) }),
    noteLine(words, note),
  );
}

type SessionStep = Extract<WizardStep, { kind: `${string}-session` }>;

/** The way in with a session of another program: its text and its buttons. */
function sessionStep(
  { words, worker }: LoginView,
  step: SessionStep,
  cancel: InlineKeyboardButton[],
): [Html, InlineKeyboardButton[][]] {
  switch (step.kind) {
    case "ask-session":
      return [
        lines(words.html("login-ask-session"), noteLine(words, step.note)),
        [[verbButton(words, "lphone", worker)], cancel],
      ];
    case "confirm-session":
      return [foundSession(words, step), [[verbButton(words, "luse", worker)], cancel]];
    case "reading-session":
    case "taking-session":
      return [words.html(`login-${step.kind}`), [cancel]];
    default:
      return step satisfies never;
  }
}

function foundSession(words: Words, step: Extract<WizardStep, { kind: "confirm-session" }>): Html {
  const { format, userId, resumes, otherApiId } = step;
  return lines(
    words.html("login-session-found", {
      format,
      account: userId ?? words.text("login-session-unknown"),
    }),
    words.html(resumes ? "login-session-resumes" : "login-session-fresh"),
    otherApiId !== null && words.html("login-session-api", { api: String(otherApiId) }),
    "",
    words.html("login-session-warning"),
  );
}

function knownPhone({ words, worker }: LoginView, phone: string): InlineKeyboardButton {
  return {
    text: words.text("button-use-phone", { phone: unbroken(phone) }),
    callback_data: encodePress("lphone", worker),
  };
}

function askCode({ words, digits }: LoginView, step: AskCode): Html {
  return lines(
    words.html("login-code-sent", { via: step.via }),
    ...(step.dead ? [] : codeEntry(words, digits, step)),
    noteLine(words, step.note),
  );
}

/** What was entered of the code, or why it cannot be entered here. */
function codeEntry(words: Words, digits: number, step: AskCode): Html[] {
  if (!hasKeys(step.via))
    return [words.html(step.nextVia === null ? "login-no-keys" : "login-no-keys-other")];
  const circles = Array.from({ length: step.length }, (_, at) => (at < digits ? "●" : "○"));
  return [
    html`\n${words.html("login-code", { dots: circles.join(" "), at: step.expiresAt })}`,
    words.html("login-use-buttons"),
  ];
}

function askPassword(words: Words, hint: string | null, note: Said | null): Html {
  return lines(
    hint ? words.html("login-ask-password-hint", { hint }) : words.html("login-ask-password"),
    words.html("login-send-password"),
    noteLine(words, note),
  );
}

function keypad(worker: WorkerId): InlineKeyboardButton[][] {
  const key = (digit: string): InlineKeyboardButton => ({
    text: digit,
    callback_data: encodePress("lkey", worker, digit),
  });
  return [
    ["1", "2", "3"].map(key),
    ["4", "5", "6"].map(key),
    ["7", "8", "9"].map(key),
    [
      { text: "⌫", callback_data: encodePress("lback", worker) },
      key("0"),
      { text: "✔", callback_data: encodePress("lsend", worker) },
    ],
  ];
}

/**
 * The keypad while the code can be entered, and the ways on: where nothing can be, the code another
 * way, or no code at all.
 */
function codeButtons(
  view: LoginView,
  step: AskCode,
  cancel: InlineKeyboardButton[],
): InlineKeyboardButton[][] {
  const { words, worker } = view;
  const instead = {
    text: words.text("button-qr-instead"),
    callback_data: encodePress("lqr", worker),
  };
  if (step.dead) return [[newCode(view, step), instead], cancel];
  if (hasKeys(step.via)) return [...keypad(worker), [newCode(view, step), ...cancel]];
  return rows([step.nextVia !== null && newCode(view, step)], [instead, ...cancel]);
}

/** A new code; instead of one that cannot be entered, by the next way that Telegram offers. */
function newCode({ words, worker, now }: LoginView, step: AskCode): InlineKeyboardButton {
  const later = step.resendAt !== null && step.resendAt > now && !step.dead;
  const label = step.dead || hasKeys(step.via) ? "button-new-code" : "button-other-way";
  const text = later
    ? words.text(`${label}-from`, { at: step.resendAt ?? now })
    : words.text(label);
  return { text, callback_data: encodePress("lnew", worker) };
}
