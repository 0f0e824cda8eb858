import type { Verb } from "@flotilla/contracts";
import type { Asked } from "../admins/admin-store.ts";
import { settingPresses } from "../admins/setting-presses.ts";
import { alertPresses } from "../alerts/alert-presses.ts";
import { chartPresses } from "../charts/chart-presses.ts";
import type { Handlers, PressDeps } from "../kit/deps.ts";
import { isQuestion } from "../kit/open-question.ts";
import type { PressContext } from "../kit/press-context.ts";
import { mayPress, roleFor } from "../kit/roles.ts";
import { say } from "../kit/words/said.ts";
import { loginPresses } from "../login/login-presses.ts";
import { relayPresses } from "../relay/relay-presses.ts";
import { sessionPresses } from "../session/session-presses.ts";
import { bulkPresses } from "../workers/bulk-presses.ts";
import { screenPresses } from "../workers/screen-presses.ts";
import { workerPresses } from "../workers/worker-presses.ts";

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
