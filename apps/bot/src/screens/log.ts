import { encodePress } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import type { CommandRow } from "../store/commands.ts";
import { type Html, html, lines } from "./html.ts";
import type { Card } from "./screen.ts";

/** Room that the log may take: Telegram's limit is 4096 characters after entities are parsed. */
const ROOM = 3600;

/** The last lines of a worker's log; null while they are on their way. The newest lines win when there is no room. */
export function logScreen(worker: WorkerId, log: readonly string[] | null, command: CommandRow | null): Card {
  const body = log === null ? waiting(command) : logBody(log);
  return {
    html: lines(html`📜 <b>Log of ${worker}</b>`, body).text,
    keyboard: [
      [
        { text: "🔄 Refresh", callback_data: encodePress("log", worker) },
        { text: "⬅️ Back", callback_data: encodePress("worker", worker) },
      ],
    ],
  };
}

function waiting(command: CommandRow | null): Html {
  if (command?.state === "asked") return html`⏳ Fetching…`;
  if (command?.state === "failed") return html`❌ ${command.result ?? "The log could not be fetched."}`;
  if (command?.state === "done") return html`<i>Press 🔄 Refresh to fetch the lines again.</i>`;
  return html`❌ No answer from the manager. Is the supervisor running?`;
}

function logBody(log: readonly string[]): Html {
  return log.length === 0 ? html`<i>Nothing was logged yet.</i>` : html`<pre>${newest(log).join("\n")}</pre>`;
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
