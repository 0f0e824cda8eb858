import { encodePress } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import { cancelButton, verbButton } from "./keyboard.ts";
import type { Card, Confirmed } from "./screen.ts";
import { html, lines } from "./words/html.ts";
import type { Said } from "./words/said.ts";
import type { Words } from "./words/words.ts";

/** Asks for the name of a new worker. */
export function addScreen(words: Words, problem: Said | null): Card {
  const text = lines(
    words.html("add-title"),
    "",
    words.html("add-ask"),
    words.html("add-rule"),
    problem ? html`\n❌ ${words.said(problem)}` : null,
  );
  return { html: text.text, keyboard: [[cancelButton(words, encodePress("workers"))]] };
}

/** A question that the next text answers. */
export interface Asking {
  readonly what: string;
  readonly worker: WorkerId | null;
  readonly problem: Said | null;
}

/** Questions of ⚙️ Settings: their answer can be taken back. */
const SETTINGS = ["quiet", "zone"] as const;

/** Asks it, with a way out. */
export function askScreen(words: Words, { what, worker, problem }: Asking): Card {
  const text = lines(
    words.html(`ask-${what}`, { worker: worker ?? "" }),
    problem ? html`\n❌ ${words.said(problem)}` : null,
  );
  const setting = SETTINGS.find((each) => each === what);
  const back =
    worker === null ? encodePress(setting ? "settings" : "workers") : encodePress("worker", worker);
  const off = setting
    ? [[{ ...verbButton(words, setting, "", "off"), text: words.text(`button-${setting}-off`) }]]
    : [];
  return { html: text.text, keyboard: [...off, [cancelButton(words, back)]] };
}

/**
 * An act that asks once more: whom it is about, what it leads to, and for how long the button
 * works.
 */
export interface Confirming {
  readonly what: Confirmed;
  readonly worker: WorkerId | null;
  readonly tag: string;
  /** The alert card whose workers it is about. */
  readonly card?: number;
  readonly at: number;
  /** How many workers it is about. */
  readonly count: number;
}

function whom(words: Words, { tag, card, count }: Confirming): string {
  if (card !== undefined) return words.text("confirm-these", { count, n: String(card) });
  return tag === ""
    ? words.text("confirm-all", { count })
    : words.text("confirm-tag", { count, tag });
}

/** How long a confirmation is good for. */
export const CONFIRM_MS = 30_000;

/** The second screen before something that hurts. */
export function confirmScreen(words: Words, confirming: Confirming): Card {
  const { what, worker, at, count } = confirming;
  const name = worker ?? whom(words, confirming);
  const stamp = Math.floor(at / 1000).toString(36);
  const yes = {
    text: words.text(`button-yes-${what}`),
    callback_data: encodePress("yes", worker ?? "", stamp),
    style: "danger" as const,
  };
  const calm = { text: yes.text, callback_data: yes.callback_data };
  return {
    html: lines(
      words.html(`confirm-${what}`, { name, count }),
      "",
      words.html("confirm-limit", { at: at + CONFIRM_MS }),
    ).text,
    keyboard: [
      [what === "start" ? calm : yes],
      [cancelButton(words, worker === null ? encodePress("menu") : encodePress("more", worker))],
    ],
  };
}
