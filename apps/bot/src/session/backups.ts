import { type BackupCopy, encodePress } from "@flotilla/contracts";
import type { InlineKeyboardButton } from "grammy/types";
import { backButton, cancelButton, pairs, refreshButton, verbButton } from "../kit/keyboard.ts";
import type { Card } from "../kit/screen.ts";
import { type Html, html, lines } from "../kit/words/html.ts";
import type { Words } from "../kit/words/words.ts";
import type { CommandRow } from "../workers/command-store.ts";
import type { WorkerView } from "../workers/view.ts";

/** What the backups screen shows. `copies` is null while they are on their way. */
export interface BackupsView {
  readonly worker: WorkerView;
  readonly copies: readonly BackupCopy[] | null;
  /** The command that fetches them. */
  readonly fetching: CommandRow | null;
}

const MAX_SHOWN = 12;

/** Names a copy in a button: callback data has no room for its whole id. */
export function copyRef(copy: Pick<BackupCopy, "kind" | "at">): string {
  return copy.kind === "golden" ? "golden" : Math.round(copy.at).toString(36);
}

/**
 * 🧯 The copies of a worker's session: when, why, how large, whether it opens now. Those that can
 * help have a button.
 */
export function backupsScreen(words: Words, { worker, copies, fetching }: BackupsView): Card {
  const { id, status } = worker;
  const shown = (copies ?? []).slice(0, MAX_SHOWN);
  const runs = status !== null && status.pid !== null;
  const text = lines(
    words.html("backups-title", { worker: id }),
    copies === null ? waiting(words, fetching) : null,
    copies?.length === 0 ? words.html("backups-none") : null,
    ...shown.map((copy) => copyLine(words, copy)),
    shown.length === 0 ? null : html`\n${advice(words, shown, runs)}`,
  );
  const refresh = refreshButton(words, encodePress("backups", id));
  return {
    html: text.text,
    keyboard: [
      ...(runs ? [] : pairs(shown.filter(canHelp).map((copy) => restoreButton(words, id, copy)))),
      [verbButton(words, "bnow", id), ...(runs ? [verbButton(words, "stop", id)] : [])],
      [refresh, backButton(words, encodePress("worker", id))],
    ],
  };
}

/** It opens, and has another key than the session, or there is no session to compare it with. */
function canHelp({ verified, sameKey }: BackupCopy): boolean {
  return verified && sameKey !== true;
}

function waiting(words: Words, fetching: CommandRow | null): Html {
  if (fetching?.state === "asked") return words.html("backups-fetching");
  if (fetching?.state === "failed")
    return words.html("not-done", { why: fetching.result ?? words.text("why-unknown") });
  return words.html("backups-again");
}

function copyLine(
  words: Words,
  { at, bytes, reason, verified, problem, sameKey }: BackupCopy,
): Html {
  const state = words.html(verified ? "copy-verified" : `copy-${problem ?? "damaged"}`);
  const key = verified && sameKey === true ? html` · ${words.html("copy-same-key")}` : "";
  const size = Math.ceil(bytes / 1024);
  return words.html("backups-line", {
    at,
    size,
    why: words.html(`reason-${reason}`),
    state: html`${state}${key}`,
  });
}

function advice(words: Words, copies: readonly BackupCopy[], runs: boolean): Html {
  if (!copies.some(canHelp)) return words.html("backups-no-help");
  return words.html(runs ? "backups-stop-first" : "backups-choose");
}

function restoreButton(words: Words, worker: string, copy: BackupCopy): InlineKeyboardButton {
  const text = words.text("button-restore-copy", { at: copy.at });
  return { text, callback_data: encodePress("brest", worker, copyRef(copy)) };
}

/**
 * Asks once more, by name and with what it does. `token` makes the answer good for half a minute.
 */
export function restoreScreen(
  words: Words,
  worker: WorkerView,
  copy: BackupCopy | null,
  token: string,
): Card {
  const { id } = worker;
  const cancel = cancelButton(words, encodePress("backups", id));
  if (copy === null) return { html: words.html("restore-gone").text, keyboard: [[cancel]] };
  const why = words.html(`reason-${copy.reason}`);
  const text = lines(
    words.html("restore-ask", { worker: id, at: copy.at, why }),
    words.html("restore-effect"),
  );
  const yes = {
    text: words.text("button-restore-yes", { worker: id }),
    callback_data: encodePress("brestyes", id, `${copyRef(copy)}-${token}`),
    style: "danger" as const,
  };
  return { html: text.text, keyboard: [[yes], [cancel]] };
}
