import { type Html, html } from "../kit/words/html.ts";
import type { Words } from "../kit/words/words.ts";
import type { CommandRow } from "./command-store.ts";
import { holderList } from "./holder.ts";
import type { WorkerView } from "./view.ts";

/** Milliseconds without an answer after which the card says that the command is still under way. */
const SLOW_MS = 30_000;
/** Milliseconds for which a result line is shown. */
const RESULT_SHOWN_MS = 120_000;

type NoteOf = Pick<WorkerView, "command" | "status">;
const STARTS: ReadonlySet<string> = new Set(["start", "restart", "retry"]);

/** "✅ Started" on the card of a worker that crashed since would be false (field fault D6). */
function isRefuted(
  { verb, state }: CommandRow,
  status: WorkerView["status"],
  endedAt: number,
): boolean {
  if (state !== "done" || !status || status.since <= endedAt) return false;
  const runs = status.pid !== null;
  return (STARTS.has(verb) && !runs) || (verb === "stop" && runs);
}

/**
 * What the latest command of a worker is doing or has done; null when there is nothing to tell (any
 * more).
 */
export function commandLine(words: Words, { command, status }: NoteOf, now: number): Html | null {
  if (!command) return null;
  const who = words.html("asked-by", { by: command.askerName, at: command.askedAt });
  const named = (family: string): string =>
    words.has(`${family}-${command.verb}`) ? `${family}-${command.verb}` : `${family}-other`;
  if (command.state === "asked") {
    const waited = Math.floor((now - command.askedAt) / 10_000) * 10_000;
    const slow =
      now - command.askedAt > SLOW_MS ? html` ${words.html("doing-slow", { ms: waited })}` : "";
    return html`\n${words.html(named("doing"))} ${who}.${slow}`;
  }
  const endedAt = command.endedAt ?? command.askedAt;
  if (now - endedAt > RESULT_SHOWN_MS || isRefuted(command, status, endedAt)) return null;
  if (command.state === "done" && command.result && command.verb === "who")
    return html`\n${holderList(words, command.result, endedAt)}`;
  if (command.state === "done" && command.result && words.language === "en")
    return html`\n${words.times.local(command.result)}`;
  if (command.state === "done")
    return html`\n${words.html(named("done"), { at: endedAt })} · ${who}`;
  if (command.state === "failed")
    return html`\n${words.html("not-done", { why: why(words, command) })} · ${who}`;
  return html`\n${words.html("no-answer")} · ${who}`;
}

/** Why something failed: by its code, else, in English, in the words of the refusal. */
export function why(words: Words, { code, result }: Pick<CommandRow, "code" | "result">): string {
  return words.reason(code ?? "", result);
}
