import type { AdminStore } from "../admins/admin-store.ts";
import type { PressContext } from "../kit/press-context.ts";
import { isAskedOn } from "../kit/question.ts";
import { reaches } from "../kit/roles.ts";
import { say } from "../kit/words/said.ts";
import { type FeatureDeps, REGISTRY } from "./features.ts";

/** What every button works with. */
export type PressDeps = FeatureDeps & { readonly admins: AdminStore };

/** Carries out a press: checks the role, answers it, then shows what it led to. */
export async function handlePress(deps: PressDeps, context: PressContext): Promise<void> {
  const button = REGISTRY.buttons.get(context.press.verb);
  if (!button) return await showMenu(deps, context.chat, context.message, context.toast);
  if (!reaches(context.role, button.role)) {
    const { role } = context;
    return await context.toast(say("toast-refused", { role, needs: button.role }));
  }
  const asked = deps.admins.asked(context.admin);
  const question = asked && REGISTRY.questions.get(asked.what);
  const isThere = asked?.chat === null || asked?.chat === context.chat;
  // Any other press leaves it open, and each screen says so (field fault D7).
  const isAskedHere =
    isThere &&
    deps.panels.message(context.chat) === context.message &&
    question !== null &&
    question !== undefined &&
    isAskedOn(question, deps.panels.screen(context.chat));
  if (!isAskedHere) return await button.press(deps, context);
  // A press on the question itself is its end, unless it asks again.
  deps.admins.expect(context.admin, null);
  await button.press(deps, context);
  const isOver =
    deps.admins.asked(context.admin) !== null ||
    !isAskedOn(question, deps.panels.screen(context.chat));
  if (!isOver) deps.admins.expect(context.admin, question.what, asked?.about, asked?.chat);
}

/** A button of another version, or none of ours: the menu, never in the place of an alert card. */
export async function showMenu(
  deps: Pick<PressDeps, "panels" | "alertActions">,
  chat: string,
  message: number | null,
  toast: PressContext["toast"],
): Promise<void> {
  await toast(say("toast-stale"));
  const isOwn = message !== null && !deps.alertActions.isAlert(chat, message);
  await deps.panels.show(chat, { kind: "menu" }, isOwn ? message : null);
}
