import { HolderSummary, type WorkerStatus } from "@flotilla/contracts";
import type { InlineKeyboardButton } from "grammy/types";
import { z } from "zod";
import { encodePress } from "../kit/callback.ts";
import { type Html, lines } from "../kit/words/html.ts";
import type { Words } from "../kit/words/words.ts";

/** Who has the session file; null when no process has it or none can be seen. */
export function holderLine(words: Words, { holder }: WorkerStatus): Html | null {
  if (!holder) return null;
  return words.html(holder.ours ? "holder-ours" : "holder-not-ours", holderArgs(words, holder));
}

const Held = z.object({ holders: z.array(HolderSummary), hidden: z.boolean() });

/** Everybody who has the session file open, as the host reported it (JSON). */
export function holderList(words: Words, report: string, at: number): Html {
  const held = Held.safeParse(parsed(report));
  if (!held.success) return words.html("done-who", { at });
  const { holders, hidden } = held.data;
  return lines(
    words.html(holders.length === 0 ? "who-unseen" : "who-title", { at }),
    ...holders.map((holder) =>
      words.html(holder.ours ? "who-ours" : "who-not-ours", holderArgs(words, holder)),
    ),
    hidden && words.html("who-hidden"),
  );
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}

/** [⏹ Stop holder], only for a process that we started. */
export function holderButtons(
  words: Words,
  worker: string,
  { holder }: WorkerStatus,
): InlineKeyboardButton[][] {
  if (!holder?.ours) return [];
  return [[stopHolderKey(words, worker, holder.pid)]];
}

/** [⏹ Stop holder]; asks once more. */
export function stopHolderKey(words: Words, worker: string, pid: number): InlineKeyboardButton {
  return {
    text: words.text("button-hstop"),
    callback_data: encodePress("hstop", worker, pid.toString(36)),
  };
}

/** The words for a process that has the session file open. */
export function holderArgs(words: Words, { pid, command, user, state, since }: HolderSummary) {
  return {
    pid: String(pid),
    command: command ?? words.text("holder-hidden"),
    user: user ?? "?",
    state: words.text(`process-${state}`),
    since: since === null ? "" : words.text("holder-since", { at: since }),
  };
}
