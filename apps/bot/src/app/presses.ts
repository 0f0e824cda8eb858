import type { PressContext } from "../kit/press-context.ts";
import { isAskedOn } from "../kit/question.ts";
import { reaches } from "../kit/roles.ts";
import { say } from "../kit/words/said.ts";
import { type FeatureDeps, REGISTRY } from "./features.ts";
import { openQuestionOf } from "./texts.ts";

/** Carries out a press: checks the role, answers it, then shows what it led to. */
export async function handlePress(deps: FeatureDeps, context: PressContext): Promise<void> {
  const button = REGISTRY.buttons.get(context.press.verb);
  if (!button) return await showMenu(deps, context.chat, context.message, context.toast);
  if (!reaches(context.role, button.role)) {
    const { role } = context;
    return await context.toast(say("toast-refused", { role, needs: button.role }));
  }
  const { admin, chat } = context;
  const open = openQuestionOf(deps, admin, chat);
  const isPressed =
    open !== null &&
    deps.panels.message(chat) === context.message &&
    isAskedOn(open.question, deps.panels.screen(chat));
  // Any other press leaves it open, and each screen says so (field fault D7).
  if (!isPressed) return await button.press(deps, context);
  // A press on the question itself is its end, unless it asks again.
  const { question, about } = open;
  deps.admins.expect(admin, null);
  await button.press(deps, context);
  const isOver =
    deps.admins.asked(admin) !== null || !isAskedOn(question, deps.panels.screen(chat));
  if (!isOver) deps.admins.expect(admin, question.what, about, chat);
}

/** A button of another version, or none of ours: the menu, never in the place of an alert card. */
export async function showMenu(
  deps: Pick<FeatureDeps, "panels" | "alertActions">,
  chat: string,
  message: number | null,
  toast: PressContext["toast"],
): Promise<void> {
  await toast(say("toast-stale"));
  const isOwn = message !== null && !deps.alertActions.isAlert(chat, message);
  await deps.panels.show(chat, { kind: "menu" }, isOwn ? message : null);
}
