import type { WorkerId } from "@flotilla/kernel";
import { hasRecovered } from "../alerts/over.ts";
import { isGroup } from "../kit/chat/target.ts";
import { type Handler, type PressDeps, panelMessage, show, withWorker } from "../kit/deps.ts";
import type { PressContext } from "../kit/press-context.ts";
import { say } from "../kit/words/said.ts";
import type { WizardRow } from "./wizard-store.ts";

/**
 * A button inside the wizard: its login must be the one of this admin and worker. `act` answers the
 * press.
 */
function inLogin(
  act: (deps: PressDeps, context: PressContext, row: WizardRow) => Promise<void>,
): Handler {
  return withWorker(async (deps, context, { id }) => {
    const row = deps.wizard.of(context.admin);
    if (!row || row.worker !== id) {
      await context.toast(say("toast-login-over"));
      return await deps.panels.show(context.chat, { kind: "worker", worker: id }, context.message);
    }
    await act(deps, context, row);
    if (deps.wizard.of(context.admin)?.worker === id)
      await deps.panels.show(context.chat, { kind: "login", worker: id }, context.message);
    else await deps.panels.show(context.chat, { kind: "worker", worker: id }, context.message);
  });
}

/** Deletes the QR photo when the admin leaves the QR step. */
export async function takeAway(
  { qrPhoto }: Pick<PressDeps, "qrPhoto">,
  chat: string,
  { step }: WizardRow,
): Promise<void> {
  if (step.kind === "qr" && step.message !== null) await qrPhoto.remove(chat, step.message);
}

/**
 * A worker that is on Telegram leaves it for a new login: that is asked first, unless the login is
 * under way (field fault D10).
 */
export function loginHurts(
  { wizard, screens }: Pick<PressDeps, "wizard" | "screens">,
  admin: PressContext["admin"],
  worker: WorkerId,
): boolean {
  const own = wizard.of(admin);
  if (own?.worker === worker && own.step.kind !== "ended") return false;
  const status = screens.views.lastStatus(worker);
  return (
    status !== null &&
    status.pid !== null &&
    (status.state === "RECONNECTING" || hasRecovered("link", status.state))
  );
}

/** Begins the login, or says why it cannot. */
export async function beginLogin(
  deps: PressDeps,
  context: PressContext,
  worker: WorkerId,
): Promise<void> {
  const problem = await deps.wizard.begin(context.admin, worker, context.asker);
  await context.toast(problem ?? undefined);
  if (!problem || deps.wizard.of(context.admin)?.worker === worker)
    await deps.panels.show(context.chat, { kind: "login", worker }, panelMessage(deps, context));
}

/** Buttons of the login wizard. */
export const loginPresses = {
  login: withWorker(async (deps, context, { id }) => {
    // Codes and passwords are private: the wizard lives in the private chat.
    if (isGroup(context.chat))
      return await context.toast(say("toast-private"), deps.deepLink(`auth_${id}`));
    if (loginHurts(deps, context.admin, id))
      return await show(deps, context, {
        kind: "confirm",
        what: "login",
        worker: id,
        tag: "",
        at: deps.clock.now(),
      });
    await beginLogin(deps, context, id);
  }),
  lqr: inLogin(async (deps, context, row) => {
    await context.toast();
    await deps.wizard.qr(row, context.asker);
  }),
  lphone: inLogin(async (deps, context, row) => {
    await context.toast();
    await takeAway(deps, context.chat, row);
    if (row.step.kind === "qr" || row.step.kind === "ask-session") deps.wizard.byPhone(row);
    else await deps.wizard.phone(row, null, context.asker);
  }),
  lfile: inLogin(async (deps, context, row) => {
    await context.toast();
    deps.wizard.session.choose(row);
  }),
  luse: inLogin(async (deps, context, row) => {
    await context.toast();
    await deps.wizard.session.adopt(row, context.asker);
  }),
  lkey: inLogin(async (deps, context, row) => {
    deps.wizard.key(row, context.press.arg);
    await context.toast();
  }),
  lback: inLogin(async (deps, context, row) => {
    deps.wizard.backspace(row);
    await context.toast();
  }),
  lsend: inLogin(async (deps, context, row) => {
    const whole = deps.wizard.complete(row);
    await context.toast(whole ? undefined : say("toast-whole-code"));
    if (whole) await deps.wizard.submitCode(row, context.asker);
  }),
  lnew: inLogin(async (deps, context, row) => {
    await context.toast((await deps.wizard.newCode(row, context.asker)) ?? undefined);
  }),
  lkeep: inLogin(async (deps, context, row) => {
    await context.toast();
    await deps.wizard.keepAccount(row, context.asker);
  }),
  lcancel: inLogin(async (deps, context, row) => {
    await context.toast(say("toast-login-cancelled"));
    await takeAway(deps, context.chat, row);
    await deps.wizard.cancel(row, context.asker);
  }),
} satisfies Record<string, Handler>;
