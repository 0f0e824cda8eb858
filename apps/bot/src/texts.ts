import type { Asker } from "@flotilla/contracts";
import { parseWorkerId, type UserId, type WorkerId } from "@flotilla/kernel";
import type { Panels } from "./chat/panels.ts";
import type { Commands } from "./commands.ts";
import type { AdminStore } from "./store/admins.ts";
import type { WorkerStore } from "./store/workers.ts";
import type { Wizard } from "./wizard/wizard.ts";
import { say } from "./words/said.ts";

/** One text message as the handlers see it. `erase` deletes it from the chat; it never rejects. */
export interface TextContext {
  readonly text: string;
  readonly admin: UserId;
  readonly asker: Asker;
  readonly chat: string;
  readonly erase: () => Promise<void>;
}

/** Parts of the text handlers. */
export interface TextDeps {
  readonly panels: Panels;
  readonly commands: Commands;
  readonly wizard: Wizard;
  readonly workers: WorkerStore;
  readonly admins: AdminStore;
  readonly addWorker: (id: WorkerId, by: Asker) => boolean;
}

/** Takes a text: for the wizard, for a question that was asked, or as a request for the menu. */
export async function handleText(deps: TextDeps, context: TextContext): Promise<void> {
  const row = deps.wizard.of(context.admin);
  if (row && row.step.kind !== "ended" && (await handleWizardText(deps, context))) return;
  if (deps.admins.expecting(context.admin) === "worker-name") return await handleName(deps, context);
  await deps.panels.show(context.chat, { kind: "menu" }, null);
}

async function handleWizardText(deps: TextDeps, context: TextContext): Promise<boolean> {
  const row = deps.wizard.of(context.admin);
  if (!row) return false;
  switch (row.step.kind) {
    case "ask-phone":
      await context.erase();
      await deps.wizard.phone(row, context.text, context.asker);
      break;
    case "ask-password":
      await context.erase();
      await deps.wizard.password(row, context.text, context.asker);
      break;
    case "ask-code":
    case "checking-code":
      // Anything in this chat that looks like the code is deleted, and has cost it its life.
      await context.erase();
      if (/\d/.test(context.text)) deps.wizard.typedCode(row);
      break;
    case "preparing":
    case "sending-code":
    case "checking-password":
      await context.erase();
      break;
    case "ended":
      return false;
    default:
      return row.step satisfies never;
  }
  await deps.panels.replace(context.chat, { kind: "login", worker: row.worker });
  return true;
}

async function handleName(deps: TextDeps, context: TextContext): Promise<void> {
  const worker = parseName(context.text);
  const problem =
    worker === null ? say("add-bad-name") : deps.addWorker(worker, context.asker) ? null : say("add-taken", { worker });
  if (worker === null || problem) return await deps.panels.show(context.chat, { kind: "add", problem }, null);
  deps.admins.expect(context.admin, null);
  await deps.commands.askHost("start", worker, context.asker);
  await deps.panels.show(context.chat, { kind: "worker", worker }, null);
}

function parseName(text: string): WorkerId | null {
  try {
    return parseWorkerId(text.trim().toLowerCase());
  } catch {
    return null;
  }
}
