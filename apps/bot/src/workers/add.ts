import type { Asker } from "@flotilla/contracts";
import { parseWorkerId, type WorkerId } from "@flotilla/kernel";
import { z } from "zod";
import { answered } from "../kit/ask.ts";
import { button } from "../kit/button.ts";
import { encodePress } from "../kit/callback.ts";
import { type Card, screen } from "../kit/chat/screen.ts";
import { cancelButton } from "../kit/keyboard.ts";
import { panelMessage } from "../kit/press.ts";
import { question } from "../kit/question.ts";
import { html, lines } from "../kit/words/html.ts";
import { Said, say } from "../kit/words/said.ts";
import type { Words } from "../kit/words/words.ts";
import type { WorkerDeps } from "./deps.ts";
import type { FleetView } from "./view.ts";

const data = z.object({ problem: Said.nullable() });
declare module "../kit/chat/screen.ts" {
  interface ScreenData {
    add: z.infer<typeof data>;
  }
}
declare module "../kit/button.ts" {
  interface Verbs {
    add: true;
  }
}
declare module "../kit/question.ts" {
  interface Questions {
    "worker-name": true;
  }
}

/** Asks for the name of a new worker; `problem`: what is wrong with the last answer. */
export const add = screen("add", data, (_deps, { words }: FleetView, { problem }) =>
  addScreen(words, problem),
);

/** ➕ Add; the next text of this admin is the name. */
export const addButton = button("add", "owner", async (deps: WorkerDeps, context) => {
  await context.toast();
  deps.admins.expect(context.admin, "worker-name", "", context.chat);
  const shown = { kind: "add", problem: null } as const;
  await deps.panels.show(context.chat, shown, panelMessage(deps, context));
});

interface AddDeps extends WorkerDeps {
  /** False when the name is taken. */
  readonly addWorker: (id: WorkerId, by: Asker) => boolean;
}

/** Adds the worker, and starts it so that it can be logged in. */
export const nameQuestion = question(
  "worker-name",
  addButton,
  async (deps: AddDeps, context) => {
    const worker = parseName(context.text);
    const refuse = (problem: Said): Promise<void> =>
      deps.panels.show(context.chat, { kind: "add", problem }, null);
    if (worker === null) return await refuse(say("add-bad-name"));
    if (!deps.addWorker(worker, context.asker)) return await refuse(say("add-taken", { worker }));
    await deps.commands.askHost("start", worker, context.asker, context.id);
    await answered(deps, context, { kind: "worker", worker });
  },
  { screen: "add" },
);

function parseName(text: string): WorkerId | null {
  try {
    return parseWorkerId(text.trim().toLowerCase());
  } catch {
    return null;
  }
}

/** Asks for the name of a new worker. */
export function addScreen(words: Words, problem: Said | null): Card {
  const text = lines(
    words.html("add-title"),
    "",
    words.html("add-ask"),
    words.html("add-rule"),
    problem && html`\n❌ ${words.said(problem)}`,
  );
  return { html: text.text, keyboard: [[cancelButton(words, encodePress("workers"))]] };
}
