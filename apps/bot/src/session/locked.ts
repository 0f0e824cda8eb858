import { encodePress, HolderSummary, type WorkerStatus } from "@flotilla/contracts";
import type { InlineKeyboardButton } from "grammy/types";
import { z } from "zod";
import { cancelButton } from "../kit/keyboard.ts";
import type { Card } from "../kit/screen.ts";
import { type Html, lines } from "../kit/words/html.ts";
import type { Words } from "../kit/words/words.ts";
import type { WorkerView } from "../workers/view.ts";

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
    hidden ? words.html("who-hidden") : null,
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
  return [[stopHolderButton(words, worker, holder.pid)]];
}

/** [⏹ Stop holder]; asks once more. */
export function stopHolderButton(words: Words, worker: string, pid: number): InlineKeyboardButton {
  return {
    text: words.text("button-hstop"),
    callback_data: encodePress("hstop", worker, pid.toString(36)),
  };
}

/**
 * Asks once more, with the name of the process. It is looked at again at the moment of the signal.
 */
export function stopHolderScreen(
  words: Words,
  worker: WorkerView,
  pid: number,
  token: string,
): Card {
  const holder = worker.status?.holder;
  const cancel = cancelButton(words, encodePress("worker", worker.id));
  if (!holder?.ours || holder.pid !== pid)
    return { html: words.html("holder-gone").text, keyboard: [[cancel]] };
  const text = lines(
    words.html("holder-ask", { worker: worker.id, ...holderArgs(words, holder) }),
    words.html("holder-effect"),
  );
  const yes = {
    text: words.text("button-hstop-yes", { pid: String(pid) }),
    callback_data: encodePress("hstopyes", worker.id, `${pid.toString(36)}-${token}`),
    style: "danger" as const,
  };
  return { html: text.text, keyboard: [[yes], [cancel]] };
}

function holderArgs(words: Words, { pid, command, user, state, since }: HolderSummary) {
  return {
    pid: String(pid),
    command: command ?? words.text("holder-hidden"),
    user: user ?? "?",
    state: words.text(`process-${state}`),
    since: since === null ? "" : words.text("holder-since", { at: since }),
  };
}
