import { type Press, WorkerIdField } from "@flotilla/contracts";
import type { Clock, WorkerId } from "@flotilla/kernel";
import type { AlertActions } from "./alerts/alert-actions.ts";
import type { Panels } from "./chat/panels.ts";
import type { PressContext } from "./chat/press-context.ts";
import { type AskResult, type Commands, toastOf } from "./commands.ts";
import type { Screens } from "./fleet-view.ts";
import { handleSessionPress, type SessionVerb } from "./presses-session.ts";
import type { AdminStore } from "./store/admins.ts";
import type { WorkerStore } from "./store/workers.ts";
import type { Wizard } from "./wizard/wizard.ts";
import { say } from "./words/said.ts";

/** Parts of the press handlers. */
export interface PressDeps {
  readonly panels: Panels;
  readonly commands: Commands;
  readonly wizard: Wizard;
  readonly workers: WorkerStore;
  readonly admins: AdminStore;
  readonly alertActions: AlertActions;
  readonly screens: Screens;
  readonly clock: Clock;
}

/** Carries out a press: answers it, then shows what it led to. */
export async function handlePress(deps: PressDeps, context: PressContext): Promise<void> {
  const { press, chat, message } = context;
  if (press.verb !== "add") deps.admins.expect(context.admin, null);
  switch (press.verb) {
    case "menu":
      await context.toast();
      return await deps.panels.show(chat, { kind: "menu" }, message);
    case "workers":
      await context.toast();
      return await deps.panels.show(chat, { kind: "workers", page: Number.parseInt(press.arg || "0", 10) || 0 }, message);
    case "add":
      await context.toast();
      deps.admins.expect(context.admin, "worker-name");
      return await deps.panels.show(chat, { kind: "add", problem: null }, message);
    default:
      return await handleWorkerPress(deps, context, press.verb);
  }
}

type WorkerVerb = Exclude<Press["verb"], "menu" | "workers" | "add">;

async function handleWorkerPress(deps: PressDeps, context: PressContext, verb: WorkerVerb): Promise<void> {
  const { press, chat } = context;
  const worker = WorkerIdField.safeParse(press.worker).data;
  if (!worker || !deps.workers.find(worker)) {
    await context.toast(say("toast-gone"));
    return await deps.panels.show(chat, { kind: "workers", page: 0 }, panelMessage(deps, context));
  }
  switch (verb) {
    case "worker":
      await context.toast();
      return await deps.panels.show(chat, { kind: "worker", worker }, panelMessage(deps, context));
    case "start":
    case "stop":
    case "restart":
    case "who":
    case "retry":
      return await run(deps, context, worker, () => deps.commands.askHost(verb, worker, context.asker));
    case "check":
      return await run(deps, context, worker, () => deps.commands.check(worker, context.asker));
    case "log":
      return await showLog(deps, context, worker);
    case "backups":
    case "bnow":
    case "brest":
    case "brestyes":
    case "hstop":
    case "hstopyes":
      return await handleSessionPress(deps, context, worker, verb);
    default:
      return await handleLoginPress(deps, context, worker, verb);
  }
}

/** The message to show a panel in: the pressed one, but never an alert card, which stays what it is. */
function panelMessage(deps: PressDeps, context: PressContext): number | null {
  return deps.alertActions.isAlert(context.chat, context.message) ? null : context.message;
}

async function run(deps: PressDeps, context: PressContext, worker: WorkerId, ask: () => Promise<AskResult>): Promise<void> {
  const result = await ask();
  await context.toast(toastOf(result));
  const alert = deps.alertActions.isAlert(context.chat, context.message);
  // Who holds it is told on the worker's card, which comes below the alert.
  if (alert && context.press.verb !== "who") return await deps.alertActions.acted(context, result);
  await deps.panels.show(context.chat, { kind: "worker", worker }, alert ? null : context.message);
}

async function showLog(deps: PressDeps, context: PressContext, worker: WorkerId): Promise<void> {
  const result = await deps.commands.askHost("log", worker, context.asker);
  await context.toast(result.kind === "failed" ? toastOf(result) : undefined);
  if (result.kind === "sent")
    await deps.panels.show(context.chat, { kind: "log", worker, command: result.id }, panelMessage(deps, context));
}

async function handleLoginPress(
  deps: PressDeps,
  context: PressContext,
  worker: WorkerId,
  verb: Exclude<WorkerVerb, SessionVerb | "worker" | "start" | "stop" | "restart" | "who" | "retry" | "check" | "log">,
): Promise<void> {
  const { wizard, panels } = deps;
  const { admin, asker, chat, press } = context;
  if (verb === "login") {
    const problem = await wizard.begin(admin, worker, asker);
    await context.toast(problem ?? undefined);
    if (!problem || wizard.of(admin)?.worker === worker)
      await panels.show(chat, { kind: "login", worker }, panelMessage(deps, context));
    return;
  }
  const row = wizard.of(admin);
  if (!row || row.worker !== worker) {
    await context.toast(say("toast-login-over"));
    return await panels.show(chat, { kind: "worker", worker }, context.message);
  }
  switch (verb) {
    case "lkey":
      wizard.key(row, press.arg);
      await context.toast();
      break;
    case "lback":
      wizard.backspace(row);
      await context.toast();
      break;
    case "lsend":
      await context.toast(wizard.complete(row) ? undefined : say("toast-whole-code"));
      if (wizard.complete(row)) await wizard.submitCode(row, asker);
      break;
    case "lnew":
      await context.toast((await wizard.newCode(row, asker)) ?? undefined);
      break;
    case "lphone":
      await context.toast();
      await wizard.phone(row, null, asker);
      break;
    case "lcancel":
      await context.toast(say("toast-login-cancelled"));
      await wizard.cancel(row, asker);
      return await panels.show(chat, { kind: "worker", worker }, context.message);
    default:
      return verb satisfies never;
  }
  await panels.show(chat, { kind: "login", worker }, context.message);
}
