import { encodePress } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import type { CommandRow } from "../store/commands.ts";
import type { Words } from "../words/words.ts";
import { backButton, refreshButton } from "./buttons.ts";
import { type Html, html, lines } from "./html.ts";
import type { Card } from "./screen.ts";

/** Room that the log may take: Telegram's limit is 4096 characters after entities are parsed. */
const ROOM = 3600;

/** What the log screen shows. `lines` is null while they are on their way. */
export interface LogView {
  readonly worker: WorkerId;
  readonly lines: readonly string[] | null;
  readonly command: CommandRow | null;
}

/** The last lines of a worker's log. The newest lines win when there is no room. */
export function logScreen(words: Words, view: LogView): Card {
  const body = view.lines === null ? waiting(words, view.command) : logBody(words, view.lines);
  return {
    html: lines(words.html("log-title", { worker: view.worker }), body).text,
    keyboard: [[refreshButton(words, encodePress("log", view.worker)), backButton(words, encodePress("worker", view.worker))]],
  };
}

function waiting(words: Words, command: CommandRow | null): Html {
  if (command?.state === "asked") return words.html("log-fetching");
  if (command?.state === "failed") return command.result ? html`❌ ${command.result}` : words.html("log-failed");
  if (command?.state === "done") return words.html("log-again");
  return words.html("log-no-answer");
}

function logBody(words: Words, log: readonly string[]): Html {
  return log.length === 0 ? words.html("log-empty") : html`<pre>${newest(log).join("\n")}</pre>`;
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
