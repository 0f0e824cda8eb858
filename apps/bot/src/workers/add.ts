import { type Asker, HostIdField } from "@flotilla/contracts";
import { type HostId, parseHostId, parseWorkerId, type WorkerId } from "@flotilla/kernel";
import { z } from "zod";
import { answered } from "../kit/ask.ts";
import { button } from "../kit/button.ts";
import { encodePress } from "../kit/callback.ts";
import { type Card, screen } from "../kit/chat/screen.ts";
import { cancelButton } from "../kit/keyboard.ts";
import { panelMessage, show } from "../kit/press.ts";
import type { PressContext } from "../kit/press-context.ts";
import { question } from "../kit/question.ts";
import { html, lines } from "../kit/words/html.ts";
import { Said, say } from "../kit/words/said.ts";
import type { Words } from "../kit/words/words.ts";
import type { WorkerDeps } from "./deps.ts";
import type { FleetView } from "./view.ts";

const data = z.object({
  problem: Said.nullable(),
  /** Where it will run; null = the one host that there is. */
  host: HostIdField.nullable().default(null),
});
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
export const add = screen("add", data, (_deps, { words }: FleetView, { problem, host }) =>
  addScreen(words, problem, host),
);

/** Which hosts take another worker. */
export interface HostChoices {
  /** Those that are heard of, the least loaded first. */
  open(): readonly HostId[];
  /** Whether each host that is heard is drained: none takes a worker. */
  isDrained(): boolean;
}

interface AddButtonDeps extends WorkerDeps {
  readonly hostChoices: HostChoices;
}

/** ➕ Add asks for the host where there are several, then for the name. */
export const addButton = button("add", "owner", async (deps: AddButtonDeps, context) => {
  const { hostChoices } = deps;
  const [one, other] = hostChoices.open();
  if (other !== undefined || hostChoices.isDrained())
    return await show(deps, context, { kind: "addwhere" });
  await askForName(deps, context, one ?? null);
});

/** The next text of this admin is the name of a worker for this host; null = that of the bot. */
export async function askForName(
  deps: WorkerDeps,
  context: PressContext,
  host: HostId | null,
): Promise<void> {
  await context.toast();
  deps.admins.expect(context.admin, "worker-name", host ?? "", context.chat);
  const shown = { kind: "add", problem: null, host } as const;
  await deps.panels.show(context.chat, shown, panelMessage(deps, context));
}

interface AddDeps extends WorkerDeps {
  /** False when the name is taken. */
  readonly addWorker: (id: WorkerId, by: Asker, host?: HostId) => boolean;
}

/** Adds the worker, and starts it so that it can be logged in. */
export const nameQuestion = question(
  "worker-name",
  addButton,
  async (deps: AddDeps, context, about) => {
    const host = about === "" ? null : parseHostId(about);
    const worker = parseName(context.text);
    const refuse = (problem: Said): Promise<void> =>
      deps.panels.show(context.chat, { kind: "add", problem, host }, null);
    if (worker === null) return await refuse(say("add-bad-name"));
    if (!deps.addWorker(worker, context.asker, host ?? undefined))
      return await refuse(say("add-taken", { worker }));
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
export function addScreen(words: Words, problem: Said | null, host: HostId | null): Card {
  const text = lines(
    words.html("add-title"),
    "",
    words.html("add-ask"),
    host !== null && words.html("add-on", { host }),
    words.html("add-rule"),
    problem && html`\n❌ ${words.said(problem)}`,
  );
  return { html: text.text, keyboard: [[cancelButton(words, encodePress("workers"))]] };
}
