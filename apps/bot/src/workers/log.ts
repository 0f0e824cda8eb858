import { WorkerIdField } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import { z } from "zod";
import { button } from "../kit/button.ts";
import { encodePress } from "../kit/callback.ts";
import { type Card, screen } from "../kit/chat/screen.ts";
import { backButton, choiceLabel, refreshButton, verbButton } from "../kit/keyboard.ts";
import { notDone, show } from "../kit/press.ts";
import { textCommand } from "../kit/text-command.ts";
import { type Html, html, lines } from "../kit/words/html.ts";
import { say } from "../kit/words/said.ts";
import type { Words } from "../kit/words/words.ts";
import { aboutWorker } from "./about-worker.ts";
import { why } from "./command-line.ts";
import type { CommandRow, CommandStore } from "./command-store.ts";
import type { WorkerDeps } from "./deps.ts";
import { ofWorker } from "./of-worker.ts";
import type { FleetView } from "./view.ts";

/** Room that the log may take: Telegram's limit is 4096 characters after entities are parsed. */
const ROOM = 3600;
const SHOWN = 30;
/** Levels that can be looked at alone; "" = all. */
const LEVELS = ["", "warn", "error"] as const;

const data = z.object({
  worker: WorkerIdField,
  command: z.string(),
  level: z.string().default(""),
});
declare module "../kit/chat/screen.ts" {
  interface ScreenData {
    log: z.infer<typeof data>;
  }
}
declare module "../kit/button.ts" {
  interface Verbs {
    log: true;
    logfile: true;
  }
}

type LogDeps = Pick<WorkerDeps, "answers"> & { readonly commandLog: CommandStore };

/** 📜 Log; its lines are only in the memory of this bot, and gone after a restart. */
export const log = screen("log", data, (deps: LogDeps, { words }: FleetView, shown) => {
  const { command } = shown;
  const lines = deps.answers.logOf(command);
  return logScreen(words, { ...shown, lines, command: deps.commandLog.find(command) });
});

/** 📜 Log; the argument is the least level. */
export const logButton = button(
  "log",
  "viewer",
  ofWorker(async (deps: WorkerDeps, context, { id }) => {
    const result = await deps.commands.askHost("log", id, context.asker, context.id);
    if (result.kind === "failed") return await notDone(deps, context, id, result.why);
    const shown = { worker: id, level: context.press.arg, command: result.id };
    await show(deps, context, { kind: "log", ...shown });
  }),
);

/** 📎 The log as a file. */
export const logFileButton = button(
  "logfile",
  "viewer",
  ofWorker(async (deps: WorkerDeps & FileDeps, context, { id }) => {
    const shown = deps.panels.screen(context.chat);
    const isShown = shown?.kind === "log" && shown.worker === id;
    const found = isShown ? deps.answers.logOf(shown.command) : null;
    await context.toast(found === null ? say("toast-log-gone") : undefined);
    if (found !== null) await deps.sendFile(context.chat, `${id}.log`, `${found.join("\n")}\n`);
  }),
);
interface FileDeps {
  /** Sends a file to a chat. */
  readonly sendFile: (chat: string, name: string, text: string) => Promise<void>;
}

/** /logs <worker>. */
export const logsCommand = textCommand(
  "logs",
  logButton,
  aboutWorker(async (deps: WorkerDeps, context, { id }) => {
    const result = await deps.commands.askHost("log", id, context.asker, context.id);
    if (result.kind === "failed") return await context.reply(result.why);
    const shown = { worker: id, command: result.id, level: "" };
    await deps.panels.show(context.chat, { kind: "log", ...shown }, null);
  }),
);

/** What the log screen shows. `lines` is null while they are on their way. */
export interface LogView {
  readonly worker: WorkerId;
  readonly lines: readonly string[] | null;
  readonly command: CommandRow | null;
  readonly level: string;
}

/** The last lines of a worker's log. The newest lines win when there is no room. */
export function logScreen(words: Words, view: LogView): Card {
  const body =
    view.lines === null ? waiting(words, view.command) : logBody(words, view.lines, view.level);
  const levels = LEVELS.map((level) => ({
    text: choiceLabel(words.text(`button-level-${level || "all"}`), level === view.level),
    callback_data: encodePress("log", view.worker, level),
  }));
  return {
    html: lines(words.html("log-title", { worker: view.worker }), body).text,
    keyboard: [
      levels,
      [
        verbButton(words, "logfile", view.worker),
        refreshButton(words, encodePress("log", view.worker, view.level)),
      ],
      [backButton(words, encodePress("worker", view.worker))],
    ],
  };
}

function waiting(words: Words, command: CommandRow | null): Html {
  if (command?.state === "asked") return words.html("log-fetching");
  if (command?.state === "failed") return html`❌ ${why(words, command)}`;
  if (command?.state === "done") return words.html("log-again");
  return words.html("log-no-answer");
}

function logBody(words: Words, log: readonly string[], level: string): Html {
  const shown = log.filter((line) => level === "" || isAtLeast(line, level)).slice(-SHOWN);
  if (shown.length === 0 && log.length > 0) return words.html("log-none-of-level");
  return shown.length === 0
    ? words.html("log-empty")
    : html`<pre>${newest(shown.map((line) => words.times.local(line))).join("\n")}</pre>`;
}

/**
 * Errors are shown among the warnings. Lines of a trace belong to what stands before them and are
 * left out.
 */
function isAtLeast(line: string, level: string): boolean {
  return (level === "warn" ? /\b(warn|error|fatal)\b|⚠️|❌/i : /\b(error|fatal)\b|❌/i).test(line);
}

function newest(log: readonly string[]): string[] {
  const kept: string[] = [];
  let room = ROOM;
  for (const line of log.toReversed()) {
    const cut = line.slice(0, 400);
    room -= cut.length + 1;
    if (room < 0) break;
    kept.unshift(cut);
  }
  return kept;
}
