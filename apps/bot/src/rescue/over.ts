import type { Clock } from "@flotilla/kernel";
import type { Bot } from "grammy";
import { type AuditStore, SYSTEM } from "../admins/audit-store.ts";
import type { Card } from "../kit/chat/screen.ts";
import { rows, verbButton } from "../kit/keyboard.ts";
import { type Said, say } from "../kit/words/said.ts";
import type { Words } from "../kit/words/words.ts";
import { type Decision, dropRescueNote, readRescueNote } from "./rescue-note.ts";

interface OverDeps {
  readonly bot: Bot;
  readonly dataDir: string;
  readonly audit: AuditStore;
  readonly clock: Pick<Clock, "now">;
  /** The language of a chat. */
  readonly wordsOf: (chat: string) => Words;
}

/**
 * Ends what a rescue began: its cards say that the bot runs, and the audit who decided what. Also
 * after a bot that was killed in the middle, or a database that was put back by hand.
 */
export async function endRescue({ bot, dataDir, audit, clock, wordsOf }: OverDeps): Promise<void> {
  const { cards, decision } = readRescueNote(dataDir);
  if (Object.keys(cards).length === 0) return;
  audit.write(decision?.by ?? SYSTEM, auditOf(decision), null, clock.now());
  dropRescueNote(dataDir);
  for (const [chat, { message }] of Object.entries(cards)) {
    const { html, keyboard: inline_keyboard } = doneCard(wordsOf(chat), decision);
    const options = { parse_mode: "HTML", reply_markup: { inline_keyboard } } as const;
    await bot.api.editMessageText(chat, message, html, options).catch(() => {});
  }
}

/** What the card of a rescue says at its end; `decision` null: it was mended by hand. */
export function doneCard(words: Words, decision: Decision | null): Card {
  const { text } = words.said(doneOf(decision));
  return { html: text, keyboard: rows([verbButton(words, "menu")]) };
}

function doneOf(decision: Decision | null): Said {
  if (decision === null) return say("rescue-over");
  const { copyAt, by } = decision;
  if (copyAt === null) return say("rescue-done-empty", { by: by.name });
  return say("rescue-done-put", { at: copyAt, by: by.name });
}

function auditOf(decision: Decision | null): Said {
  if (decision === null) return say("audit-rescue-over");
  if (decision.copyAt === null) return say("audit-rescue-empty");
  return say("audit-rescue-put", { at: decision.copyAt });
}
