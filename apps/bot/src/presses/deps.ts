import type { Verb } from "@flotilla/contracts";
import type { Clock, WorkerId } from "@flotilla/kernel";
import type { AlertActions } from "../alerts/alert-actions.ts";
import type { Bulk } from "../bulk.ts";
import type { ChartDesk } from "../charts/chart-desk.ts";
import type { LivePanels } from "../chat/panels.ts";
import type { PressContext } from "../chat/press-context.ts";
import { type AskResult, type Commands, toastOf } from "../commands.ts";
import type { RouteDesk } from "../relay/route-desk.ts";
import type { RouteStore } from "../relay/route-store.ts";
import type { RouteWizard } from "../relay/wizard/route-wizard.ts";
import type { Screen } from "../screens/screen.ts";
import type { Screens } from "../screens.ts";
import type { AdminStore } from "../store/admins.ts";
import type { AuditStore } from "../store/audit.ts";
import type { BulkStore } from "../store/bulks.ts";
import type { SettingStore } from "../store/settings.ts";
import type { WorkerRow, WorkerStore } from "../store/workers.ts";
import type { QrPhoto } from "../wizard/qr-photo.ts";
import type { Wizard } from "../wizard/wizard.ts";
import { type Said, say } from "../words/said.ts";
import type { Words } from "../words/words.ts";

/** Parts of the press handlers. */
export interface PressDeps {
  readonly panels: LivePanels;
  readonly screens: Screens;
  readonly commands: Commands;
  readonly wizard: Wizard;
  readonly qrPhoto: QrPhoto;
  readonly workers: WorkerStore;
  readonly admins: AdminStore;
  readonly alertActions: AlertActions;
  readonly audit: AuditStore;
  readonly settings: SettingStore;
  readonly bulk: Bulk;
  readonly bulks: BulkStore;
  readonly routes: RouteStore;
  readonly relay: RouteDesk;
  readonly routeWizard: RouteWizard;
  readonly charts: ChartDesk;
  readonly clock: Clock;
  /** A message could not be shown; what was asked for is not lost by it. */
  readonly onChatError: (error: unknown) => void;
  readonly wordsOf: (chat: string) => Words;
  /** A link that opens the private chat with this bot, with a start parameter. */
  readonly deepLink: (parameter: string) => string;
  /** Sends a file to a chat. */
  readonly sendFile: (chat: string, name: string, text: string) => Promise<void>;
}

/** Carries out one kind of press. */
export type Handler = (deps: PressDeps, context: PressContext) => Promise<void>;
/** Handlers of a family of buttons. */
export type Handlers<V extends Verb> = Readonly<Record<V, Handler>>;

/**
 * The message to show a panel in: the pressed one, but never an alert card, which stays what it is.
 */
export function panelMessage(deps: PressDeps, context: PressContext): number | null {
  return deps.alertActions.isAlert(context.chat, context.message) ? null : context.message;
}

/** Answers the press and shows a screen, which does not wait for the answer to arrive. */
export async function show(
  deps: PressDeps,
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
  deps: PressDeps,
  context: PressContext,
  worker: WorkerId,
  why: Said,
): Promise<void> {
  await show(deps, context, { kind: "notice", text: why, worker }, why);
}

/** A handler that needs the worker of the button; one that is gone is said to be. */
export function withWorker(
  handle: (deps: PressDeps, context: PressContext, worker: WorkerRow) => Promise<void>,
): Handler {
  return async (deps, context) => {
    const worker = deps.workers.find(context.press.worker);
    if (worker) return await handle(deps, context, worker);
    await show(
      deps,
      context,
      { kind: "workers", page: 0, problems: false, find: "" },
      say("toast-gone"),
    );
  };
}

/**
 * Gives a command and shows what it led to: on the alert card that was pressed, or on Worker
 * Details.
 */
export async function run(
  deps: PressDeps,
  context: PressContext,
  worker: WorkerId,
  ask: () => Promise<AskResult>,
): Promise<void> {
  const result = await ask();
  const answered = context.toast(toastOf(result));
  const shown = deps.alertActions.isAlert(context.chat, context.message)
    ? deps.alertActions.acted(context, result)
    : deps.panels.show(context.chat, { kind: "worker", worker }, context.message);
  await Promise.all([answered, shown]);
}

/**
 * Asks something that the next text answers. `at`: of a question that is good for half a minute
 * only.
 */
export async function ask(
  deps: PressDeps,
  context: PressContext,
  what: Parameters<AdminStore["expect"]>[1],
  worker: WorkerId | null,
  at = 0,
): Promise<void> {
  await context.toast();
  deps.admins.expect(
    context.admin,
    what,
    at === 0 ? (worker ?? "") : `${worker} ${at}`,
    context.chat,
  );
  await deps.panels.show(
    context.chat,
    { kind: "ask", what: what ?? "", worker, problem: null },
    panelMessage(deps, context),
  );
}
