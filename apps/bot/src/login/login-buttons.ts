import { STATE_TABLE } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import { button, type Handler } from "../kit/button.ts";
import { isGroup } from "../kit/chat/target.ts";
import { panelMessage, show } from "../kit/press.ts";
import type { PressContext } from "../kit/press-context.ts";
import { textCommand } from "../kit/text-command.ts";
import type { CommandContext } from "../kit/text-context.ts";
import { say } from "../kit/words/said.ts";
import { aboutWorker } from "../workers/about-worker.ts";
import { type Confirmation, sure } from "../workers/confirm.ts";
import type { WorkerDeps } from "../workers/deps.ts";
import { ofWorker } from "../workers/of-worker.ts";
import type { WorkerRow } from "../workers/worker-store.ts";
import type { QrPhoto } from "./qr-photo.ts";
import type { Wizard } from "./wizard.ts";
import type { WizardRow } from "./wizard-store.ts";

declare module "../kit/button.ts" {
  interface Verbs {
    login: true;
    lqr: true;
    lphone: true;
    lfile: true;
    luse: true;
    lkey: true;
    lback: true;
    lsend: true;
    lnew: true;
    lkeep: true;
    lcancel: true;
  }
}

/** What handlers of the login wizard work with. */
export interface LoginDeps extends WorkerDeps {
  readonly wizard: Wizard;
  readonly qrPhoto: QrPhoto;
  /** A link that opens the private chat with this bot, with a start parameter. */
  readonly deepLink: (parameter: string) => string;
}

/**
 * A button inside the wizard: its login must be the one of this admin and worker. `act` answers the
 * press.
 */
function inLogin(
  act: (deps: LoginDeps, context: PressContext, row: WizardRow) => Promise<void>,
): Handler<LoginDeps> {
  return ofWorker(async (deps: LoginDeps, context, { id }) => {
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
  { qrPhoto }: Pick<LoginDeps, "qrPhoto">,
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
  { wizard, views }: Pick<LoginDeps, "wizard" | "views">,
  admin: PressContext["admin"],
  worker: WorkerId,
): boolean {
  const own = wizard.of(admin);
  if (own?.worker === worker && own.step.kind !== "ended") return false;
  const status = views.lastStatus(worker);
  const isThere =
    status?.state === "RECONNECTING" ||
    (status !== null && STATE_TABLE[status.state].online !== "no");
  return status !== null && status.pid !== null && isThere;
}

/** Begins the login, or says why it cannot. */
export async function beginLogin(
  deps: LoginDeps,
  context: PressContext,
  worker: WorkerId,
): Promise<void> {
  const problem = await deps.wizard.begin(context.admin, worker, context.asker);
  await context.toast(problem ?? undefined);
  if (!problem || deps.wizard.of(context.admin)?.worker === worker)
    await deps.panels.show(context.chat, { kind: "login", worker }, panelMessage(deps, context));
}

/** 🔐 Authenticate. Codes and passwords are private: the wizard lives in the private chat. */
export const loginButton = button(
  "login",
  "operator",
  ofWorker(async (deps: LoginDeps, context, { id }) => {
    if (isGroup(context.chat))
      return await context.toast(say("toast-private"), deps.deepLink(`auth_${id}`));
    if (loginHurts(deps, context.admin, id))
      return await show(deps, context, sure("login", id, deps.clock.now()));
    await beginLogin(deps, context, id);
  }),
);

/** The login that was confirmed. */
export const loginConfirmation: Confirmation<LoginDeps> = {
  what: "login",
  verb: "login",
  run: beginLogin,
};

/** `/login`, and the link that a group gives. */
export async function login(
  deps: LoginDeps,
  context: CommandContext,
  { id }: WorkerRow,
): Promise<void> {
  if (isGroup(context.chat))
    return await context.reply(say("login-in-private", { link: deps.deepLink(`auth_${id}`) }));
  if (loginHurts(deps, context.admin, id))
    return await deps.panels.show(context.chat, sure("login", id, deps.clock.now()), null);
  const problem = await deps.wizard.begin(context.admin, id, context.asker);
  if (problem) await context.reply(problem);
  if (deps.wizard.of(context.admin)?.worker === id)
    await deps.panels.show(context.chat, { kind: "login", worker: id }, null);
}

/** /login <worker>. In a group it answers with a link to the private chat. */
export const loginCommand = textCommand("login", loginButton, aboutWorker(login), {
  listed: false,
});

const stepButton = (verb: Exclude<LoginVerb, "login">, act: Parameters<typeof inLogin>[0]) =>
  button(verb, "operator", inLogin(act));
type LoginVerb =
  | "login"
  | "lqr"
  | "lphone"
  | "lfile"
  | "luse"
  | "lkey"
  | "lback"
  | "lsend"
  | "lnew"
  | "lkeep"
  | "lcancel";

/** Buttons of the wizard's steps. */
export const stepButtons = [
  stepButton("lqr", async (deps, context, row) => {
    await context.toast();
    await deps.wizard.qr(row, context.asker);
  }),
  stepButton("lphone", async (deps, context, row) => {
    await context.toast();
    await takeAway(deps, context.chat, row);
    if (row.step.kind === "qr" || row.step.kind === "ask-session") deps.wizard.byPhone(row);
    else await deps.wizard.phone(row, null, context.asker);
  }),
  stepButton("lfile", async (deps, context, row) => {
    await context.toast();
    deps.wizard.session.choose(row);
  }),
  stepButton("luse", async (deps, context, row) => {
    await context.toast();
    await deps.wizard.session.adopt(row, context.asker);
  }),
  stepButton("lkey", async (deps, context, row) => {
    deps.wizard.key(row, context.press.arg);
    await context.toast();
  }),
  stepButton("lback", async (deps, context, row) => {
    deps.wizard.backspace(row);
    await context.toast();
  }),
  stepButton("lsend", async (deps, context, row) => {
    const whole = deps.wizard.complete(row);
    await context.toast(whole ? undefined : say("toast-whole-code"));
    if (whole) await deps.wizard.submitCode(row, context.asker);
  }),
  stepButton("lnew", async (deps, context, row) => {
    await context.toast((await deps.wizard.newCode(row, context.asker)) ?? undefined);
  }),
  stepButton("lkeep", async (deps, context, row) => {
    await context.toast();
    await deps.wizard.keepAccount(row, context.asker);
  }),
  stepButton("lcancel", async (deps, context, row) => {
    await context.toast(say("toast-login-cancelled"));
    await takeAway(deps, context.chat, row);
    await deps.wizard.cancel(row, context.asker);
  }),
];
