import { encodePress } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import type { InlineKeyboardButton } from "grammy/types";
import type { AskCode, WizardStep } from "../wizard/wizard-state.ts";
import { type Html, html, lines } from "./html.ts";
import type { Card } from "./screen.ts";
import { clockTime } from "./words.ts";

/** The wizard's message. `digits` is how many digits of the code were entered, never which. */
export function loginScreen(worker: WorkerId, step: WizardStep, digits: number, now: number): Card {
  const title = html`🔐 <b>Log in worker ${worker}</b>`;
  const cancel = [{ text: "✖️ Cancel", callback_data: encodePress("lcancel", worker) }];
  const card = (text: Html, rows: InlineKeyboardButton[][] = [cancel]): Card => ({
    html: lines(title, "", text).text,
    keyboard: rows,
  });
  switch (step.kind) {
    case "preparing":
      return card(
        html`⏳ Getting the session ready…\nYou stay in control: log out at any time in Telegram → Settings → Devices.`,
      );
    case "ask-phone":
      return card(askPhone(step.known, step.note), [...(step.known ? [[knownPhone(worker, step.known)]] : []), cancel]);
    case "sending-code":
      return card(html`⏳ Asking Telegram to send a code…`);
    case "ask-code":
      return card(askCode(step, digits), [...(step.dead ? [] : keypad(worker)), [newCode(worker, step, now), ...cancel]]);
    case "checking-code":
      return card(html`⏳ Checking the code…`);
    case "ask-password":
      return card(askPassword(step.hint, step.note));
    case "checking-password":
      return card(html`⏳ Checking the cloud password…`);
    case "ended":
      return card(html`${step.text}`, [[{ text: "⬅️ Back", callback_data: encodePress("worker", worker) }]]);
    default:
      return step satisfies never;
  }
}

function askPhone(known: string | null, note: string | null): Html {
  return lines(
    html`Send the phone number of the account with its country code, such as +49 151 2345678. Your message is deleted at once.`,
    known ? html`Stored number: ${known}` : null,
    note ? html`\n${note}` : null,
  );
}

function knownPhone(worker: WorkerId, known: string): InlineKeyboardButton {
  return { text: `Use ${known}`, callback_data: encodePress("lphone", worker) };
}

const VIA: Readonly<Record<string, string>> = {
  app: "to the Telegram app of this account (not SMS). Look in the chat “Telegram”",
  sms: "by SMS",
  call: "by a phone call",
  email: "by e-mail",
  fragment: "to the account's Fragment page",
};

function askCode(step: AskCode, digits: number): Html {
  const dots = Array.from({ length: step.length }, (_, index) => (index < digits ? "●" : "○")).join(" ");
  return lines(
    html`Code sent ${VIA[step.via] ?? `by ${step.via}`}.`,
    step.dead ? null : html`\nCode: <code>${dots}</code>   expires ${clockTime(step.expiresAt)}`,
    step.dead ? null : html`<i>Use the buttons. Telegram cancels codes that are sent in chats.</i>`,
    step.note ? html`\n${step.note}` : null,
  );
}

function askPassword(hint: string | null, note: string | null): Html {
  return lines(
    html`This account has a cloud password.${hint ? html` Hint: “${hint}”.` : ""}`,
    html`Send it now as a message. It passes through this chat and is deleted at once; it is stored nowhere.`,
    note ? html`\n${note}` : null,
  );
}

function keypad(worker: WorkerId): InlineKeyboardButton[][] {
  const key = (digit: string): InlineKeyboardButton => ({ text: digit, callback_data: encodePress("lkey", worker, digit) });
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

function newCode(worker: WorkerId, step: AskCode, now: number): InlineKeyboardButton {
  const wait = step.resendAt !== null && step.resendAt > now && !step.dead ? ` (from ${clockTime(step.resendAt)})` : "";
  return { text: `🔁 New code${wait}`, callback_data: encodePress("lnew", worker) };
}
