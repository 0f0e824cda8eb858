import type { WorkerId } from "@flotilla/kernel";
import type { Screen } from "../kit/chat/screen.ts";
import { panelMessage } from "../kit/press.ts";
import type { PressContext } from "../kit/press-context.ts";
import { say } from "../kit/words/said.ts";
import { type AskResult, toastOf } from "./commands.ts";
import type { WorkerDeps } from "./deps.ts";

/** Shows a screen after the press was answered. */
export async function showHere(
  deps: WorkerDeps,
  context: PressContext,
  shown: Screen,
): Promise<void> {
  await deps.panels.show(context.chat, shown, panelMessage(deps, context));
}

/** Gives a command, then shows the worker, whose card tells how it goes. */
export async function act(
  deps: WorkerDeps,
  context: PressContext,
  worker: WorkerId,
  ask: () => Promise<AskResult>,
): Promise<void> {
  await context.toast(toastOf(await ask()));
  await showHere(deps, context, { kind: "worker", worker });
}

/** The question is too old, or another one is shown. */
export async function outOfDate(
  deps: WorkerDeps,
  context: PressContext,
  worker: WorkerId,
): Promise<void> {
  await context.toast(say("toast-stale"));
  await showHere(deps, context, { kind: "worker", worker });
}
