import { type DoctorFinding, encodePress } from "@flotilla/contracts";
import { backButton, refreshButton } from "../kit/keyboard.ts";
import type { Card } from "../kit/screen.ts";
import { type Html, html, lines } from "../kit/words/html.ts";
import type { Words } from "../kit/words/words.ts";
import { why } from "../workers/command-line.ts";
import type { CommandRow } from "../workers/command-store.ts";

/** What the doctor of one host said; `findings` null: nothing yet, see `command`. */
export interface DoctorView {
  readonly host: string;
  readonly findings: readonly DoctorFinding[] | null;
  readonly command: CommandRow | null;
}

/** Room for what was found, in characters: Telegram's limit is 4096 after entities are parsed. */
const ROOM = 3200;

/** Doctor: what each host is in danger of, worst first, with what to do about it. */
export function doctorScreen(words: Words, hosts: readonly DoctorView[]): Card {
  const room = Math.floor(ROOM / Math.max(1, hosts.length));
  const body = hosts.flatMap((view) => [
    "",
    html`🖥 <b>${view.host}</b>`,
    ...hostLines(words, view, room),
  ]);
  return {
    html: lines(
      words.html("doctor-title"),
      hosts.length === 0 ? words.html("doctor-no-host") : null,
      ...body,
      "",
      words.html("doctor-help"),
    ).text,
    keyboard: [
      [refreshButton(words, encodePress("doctor")), backButton(words, encodePress("health"))],
    ],
  };
}

function hostLines(words: Words, { findings, command }: DoctorView, room: number): Html[] {
  if (findings === null) return [waiting(words, command)];
  if (findings.length === 0) return [words.html("doctor-nothing")];
  const sorted = [...findings].sort(
    (a, b) => Number(a.level === "hint") - Number(b.level === "hint"),
  );
  const shown: Html[] = [];
  let left = room;
  for (const { level, what, todo } of sorted) {
    left -= what.length + todo.length + 8;
    if (left < 0) break;
    shown.push(html`${level === "problem" ? "❌" : "💡"} ${what}\n     → ${todo}`);
  }
  const hidden = sorted.length - shown.length;
  return hidden === 0 ? shown : [...shown, words.html("doctor-more", { count: hidden })];
}

function waiting(words: Words, command: CommandRow | null): Html {
  if (command?.state === "asked") return words.html("doctor-looking");
  if (command?.state === "failed") return html`❌ ${why(words, command)}`;
  return words.html(command?.state === "done" ? "doctor-again" : "log-no-answer");
}
