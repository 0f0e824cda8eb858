import { type BackupCopy, WorkerIdField } from "@flotilla/contracts";
import type { InlineKeyboardButton } from "grammy/types";
import { z } from "zod";
import { button } from "../kit/button.ts";
import { encodePress } from "../kit/callback.ts";
import { type Card, screen } from "../kit/chat/screen.ts";
import { isTooLate, stampOf } from "../kit/confirm.ts";
import {
  backButton,
  cancelButton,
  pairs,
  refreshButton,
  rows,
  verbButton,
} from "../kit/keyboard.ts";
import { notDone, show } from "../kit/press.ts";
import { type Html, html, lines } from "../kit/words/html.ts";
import type { Words } from "../kit/words/words.ts";
import type { CommandRow, CommandStore } from "../workers/command-store.ts";
import type { WorkerDeps } from "../workers/deps.ts";
import { workerScreen } from "../workers/details.ts";
import { ofWorker, outOfDate, run } from "../workers/of-worker.ts";
import type { FleetView, WorkerView } from "../workers/view.ts";

const data = z.object({ worker: WorkerIdField, command: z.string() });
const restoreData = z.object({ worker: WorkerIdField, copy: z.string(), token: z.string() });
declare module "../kit/chat/screen.ts" {
  interface ScreenData {
    backups: z.infer<typeof data>;
    restore: z.infer<typeof restoreData>;
  }
}
declare module "../kit/button.ts" {
  interface Verbs {
    backups: true;
    bnow: true;
    brest: true;
    brestyes: true;
  }
}

type ListDeps = Pick<WorkerDeps, "answers"> & { readonly commandLog: CommandStore };

/** 🧯 Backups of a worker; they are fetched from its host by the command that is kept. */
export const backups = screen("backups", data, (deps: ListDeps, view: FleetView, shown) => {
  const worker = view.workers.find((each) => each.id === shown.worker);
  if (!worker) return workerScreen(view, shown.worker);
  const fetching = deps.commandLog.find(shown.command);
  return backupsScreen(view.words, { worker, copies: deps.answers.copies(worker.id), fetching });
});

/** Asks once more before a copy takes the place of the session. */
export const restore = screen("restore", restoreData, (deps: ListDeps, view: FleetView, shown) => {
  const worker = view.workers.find((each) => each.id === shown.worker);
  if (!worker) return workerScreen(view, shown.worker);
  const copies = deps.answers.copies(worker.id) ?? [];
  const copy = copies.find((each) => copyRef(each) === shown.copy) ?? null;
  return restoreScreen(view.words, worker, copy, shown.token);
});

/** 🧯 Backups; asks the host for the list first. */
export const backupsButton = button(
  "backups",
  "viewer",
  ofWorker(async (deps: WorkerDeps, context, { id }) => {
    const result = await deps.commands.askHost("backups", id, context.asker, context.id);
    if (result.kind === "failed") return await notDone(deps, context, id, result.why);
    await show(deps, context, { kind: "backups", worker: id, command: result.id });
  }),
);

/** 🧯 A copy now. */
export const backupNowButton = button(
  "bnow",
  "operator",
  ofWorker((deps: WorkerDeps, context, { id }) =>
    run(deps, context, id, () => deps.commands.backup(id, deps.views.runs(id), context)),
  ),
);

/** Asks once more; the argument names the copy. */
export const restoreButton = button(
  "brest",
  "operator",
  ofWorker(async (deps: WorkerDeps, context, { id }) => {
    const shown = { worker: id, copy: context.press.arg, token: stampOf(deps.clock.now()) };
    await show(deps, context, { kind: "restore", ...shown });
  }),
);

/** Restores the copy. Refused when the question is too old, or the copy is gone. */
export const restoreYes = button(
  "brestyes",
  "operator",
  ofWorker(async (deps: WorkerDeps, context, { id }) => {
    const [ref = "", given = ""] = context.press.arg.split("-");
    const copy = deps.answers.copies(id)?.find((each) => copyRef(each) === ref);
    if (!copy || isTooLate(given, deps.clock.now())) return await outOfDate(deps, context, id);
    await run(deps, context, id, () => deps.commands.restore(id, copy.id, context));
  }),
);

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
    copies === null && waiting(words, fetching),
    copies?.length === 0 && words.html("backups-none"),
    ...shown.map((copy) => copyLine(words, copy)),
    shown.length > 0 && html`\n${advice(words, shown, runs)}`,
  );
  const refresh = refreshButton(words, encodePress("backups", id));
  // A worker that runs has its session open.
  const restored = runs ? [] : shown.filter(canHelp);
  return {
    html: text.text,
    keyboard: rows(
      ...pairs(restored.map((copy) => copyButton(words, id, copy))),
      [verbButton(words, "bnow", id), runs && verbButton(words, "stop", id)],
      [refresh, backButton(words, encodePress("worker", id))],
    ),
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
  const key = verified && sameKey === true && html` · ${words.html("copy-same-key")}`;
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

function copyButton(words: Words, worker: string, copy: BackupCopy): InlineKeyboardButton {
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
