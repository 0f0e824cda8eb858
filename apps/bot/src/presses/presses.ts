import type { Verb } from "@flotilla/contracts";
import type { PressContext } from "../chat/press-context.ts";
import { relayPresses } from "../relay/relay-presses.ts";
import { mayPress, roleFor } from "../roles.ts";
import { isQuestion } from "../screens/open-question.ts";
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
import { silencePresses } from "./silence-presses.ts";
import { workerPresses } from "./worker-presses.ts";

const HANDLERS: Handlers<Verb> = {
  ...relayPresses,
  ...screenPresses,
  ...workerPresses,
  ...alertPresses,
  ...silencePresses,
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
  const asked = deps.admins.asked(context.admin);
  if (!asked || !isAskedHere(deps, asked, context)) return await HANDLERS[verb](deps, context);
  // A press on the question itself is its end, unless it asks again.
  deps.admins.expect(context.admin, null);
  await HANDLERS[verb](deps, context);
  const isOver =
    deps.admins.asked(context.admin) !== null ||
    !isQuestion(deps.panels.screen(context.chat), asked.what);
  if (!isOver) deps.admins.expect(context.admin, asked.what, asked.about, asked.chat);
}

/**
 * Whether the pressed message shows the question. Any other press leaves it open, and each screen
 * says so (field fault D7).
 */
function isAskedHere({ panels }: PressDeps, { what, chat }: Asked, context: PressContext): boolean {
  const isThere = chat === null || chat === context.chat;
  return (
    isThere &&
    panels.message(context.chat) === context.message &&
    isQuestion(panels.screen(context.chat), what)
  );
}
