import type { Verb } from "@flotilla/contracts";
import type { PressContext } from "../chat/press-context.ts";
import { relayPresses } from "../relay/relay-presses.ts";
import { mayPress, roleFor } from "../roles.ts";
import type { Asked } from "../store/admins.ts";
import { say } from "../words/said.ts";
import { alertPresses } from "./alert-presses.ts";
import { bulkPresses } from "./bulk-presses.ts";
import { chartPresses } from "./chart-presses.ts";
import type { Handlers, PressDeps } from "./deps.ts";
import { loginPresses } from "./login-presses.ts";
import { screenPresses } from "./screen-presses.ts";
import { sessionPresses } from "./session-presses.ts";
import { settingPresses } from "./setting-presses.ts";
import { workerPresses } from "./worker-presses.ts";

const HANDLERS: Handlers<Verb> = {
  ...relayPresses,
  ...screenPresses,
  ...workerPresses,
  ...alertPresses,
  ...loginPresses,
  ...settingPresses,
  ...bulkPresses,
  ...chartPresses,
  ...sessionPresses,
};

/** Carries out a press: checks the role, answers it, then shows what it led to. */
export async function handlePress(deps: PressDeps, context: PressContext): Promise<void> {
  const { verb } = context.press;
  if (!mayPress(context.role, verb)) {
    const role = context.role;
    return await context.toast(say("toast-refused", { role, needs: roleFor(verb) }));
  }
  const before = deps.admins.asked(context.admin);
  await HANDLERS[verb](deps, context);
  const after = deps.admins.asked(context.admin);
  const isSame = before !== null && after?.what === before.what && after.about === before.about;
  // Pressing ✋ on an alert leaves the question on the screen, and open (field fault D7).
  if (isSame && !isShown(deps, before, context.chat)) deps.admins.expect(context.admin, null);
}

/** Whether the chat still shows the question. */
function isShown({ panels }: PressDeps, { what, chat }: Asked, pressedIn: string): boolean {
  const screen = panels.screen(chat ?? pressedIn);
  if (what === "worker-name") return screen?.kind === "add";
  return what === "rwiz" ? screen?.kind === "rwiz" : screen?.kind === "ask" && screen.what === what;
}
