import { encodePress } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import { backButton, refreshButton, verbButton } from "../kit/keyboard.ts";
import type { Card } from "../kit/screen.ts";
import { type Html, html, lines } from "../kit/words/html.ts";
import type { Words } from "../kit/words/words.ts";
import { why } from "./command-line.ts";
import type { CommandRow } from "./command-store.ts";

/** Room that the log may take: Telegram's limit is 4096 characters after entities are parsed. */
const ROOM = 3600;
const SHOWN = 30;
/** Levels that can be looked at alone; "" = all. */
const LEVELS = ["", "warn", "error"] as const;

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
    text: `${level === view.level ? "• " : ""}${words.text(`button-level-${level === "" ? "all" : level}`)}`,
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
