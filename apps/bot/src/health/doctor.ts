import type { DoctorFinding } from "@flotilla/contracts";
import { z } from "zod";
import { button } from "../kit/button.ts";
import { encodePress } from "../kit/callback.ts";
import { type Card, type Screen, screen } from "../kit/chat/screen.ts";
import { backButton, refreshButton } from "../kit/keyboard.ts";
import { type ChatDeps, show } from "../kit/press.ts";
import { textCommand } from "../kit/text-command.ts";
import { type Html, html, lines } from "../kit/words/html.ts";
import type { Words } from "../kit/words/words.ts";
import type { Answers } from "../workers/answers.ts";
import { why } from "../workers/command-line.ts";
import type { CommandRow, CommandStore } from "../workers/command-store.ts";
import type { By, Commands } from "../workers/commands.ts";
import type { FleetView } from "../workers/view.ts";
import type { WorkerStore } from "../workers/worker-store.ts";

/** A command for each host. */
const data = z.object({ asked: z.array(z.object({ host: z.string(), command: z.string() })) });
declare module "../kit/chat/screen.ts" {
  interface ScreenData {
    doctor: z.infer<typeof data>;
  }
}
declare module "../kit/button.ts" {
  interface Verbs {
    doctor: true;
  }
}

interface DoctorDeps extends ChatDeps {
  readonly commands: Commands;
  readonly workers: WorkerStore;
}
interface FoundDeps {
  readonly answers: Answers;
  readonly commandLog: CommandStore;
}

/** 🩺 What each host found when it examined itself; hosts answer one by one. */
export const doctor = screen("doctor", data, (deps: FoundDeps, { words }: FleetView, { asked }) =>
  doctorScreen(
    words,
    asked.map(({ host, command }) => ({
      host,
      findings: deps.answers.findingsOf(command),
      command: deps.commandLog.find(command),
    })),
  ),
);
/** 🩺 Doctor; asks every host. */
export const doctorButton = button("doctor", "operator", async (deps: DoctorDeps, context) =>
  show(deps, context, await askDoctors(deps, context)),
);
/** /doctor. */
export const doctorCommand = textCommand(
  "doctor",
  doctorButton,
  async (deps: DoctorDeps, context) =>
    deps.panels.show(context.chat, await askDoctors(deps, context), null),
);

/** Asks every host of the fleet to look at itself. Returns the screen that shows what they say. */
async function askDoctors(
  deps: Pick<DoctorDeps, "commands" | "workers">,
  by: By,
): Promise<Extract<Screen, { kind: "doctor" }>> {
  const there = deps.workers.all().filter(({ hostGone }) => !hostGone);
  const one = new Map(there.map(({ host, id }) => [host, id]));
  const asked = await Promise.all(
    [...one].map(async ([host, worker], n) => {
      const id = `${by.id}-${n}`;
      const result = await deps.commands.askHost("doctor", worker, by.asker, id);
      return { host, command: result.kind === "failed" ? id : result.id };
    }),
  );
  return { kind: "doctor", asked };
}

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
      hosts.length === 0 && words.html("doctor-no-host"),
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
