import type { WorkerId } from "@flotilla/kernel";
import type { LivePanels } from "./chat/panels.ts";
import type { Screen } from "./chat/screen.ts";
import type { PressContext } from "./press-context.ts";
import type { Said } from "./words/said.ts";

/** What every handler needs of the chat. */
export interface ChatDeps {
  readonly panels: LivePanels;
  /** Alert cards stay what they are: no screen replaces one. */
  readonly alertActions: { isAlert(chat: string, message: number): boolean };
}

/** The message to show a panel in: the pressed one, but never an alert card. */
export function panelMessage(deps: ChatDeps, context: PressContext): number | null {
  return deps.alertActions.isAlert(context.chat, context.message) ? null : context.message;
}

/** Answers the press and shows a screen, which does not wait for the answer to arrive. */
export async function show(
  deps: ChatDeps,
  context: PressContext,
  screen: Screen,
  toast?: Said,
): Promise<void> {
  const answered = context.toast(toast);
  await Promise.all([
    answered,
    deps.panels.show(context.chat, screen, panelMessage(deps, context)),
  ]);
}

/** Says on the card why nothing was done: the answer to the press may have been given already. */
export async function notDone(
  deps: ChatDeps,
  context: PressContext,
  worker: WorkerId,
  why: Said,
): Promise<void> {
  await show(deps, context, { kind: "notice", text: why, worker }, why);
}

/** The page number of a button's argument; 0 when it is none. */
export function pageOf(arg: string): number {
  return Number.parseInt(arg || "0", 10) || 0;
}
