import type { Verb } from "@flotilla/contracts";
import type { Clock, WorkerId } from "@flotilla/kernel";
import type { AlertActions } from "../alerts/alert-actions.ts";
import type { LivePanels } from "../chat/panels.ts";
import type { PressContext } from "../chat/press-context.ts";
import { type AskResult, type Commands, toastOf } from "../commands.ts";
import { copyRef } from "../screens/backups.ts";
import type { Screens } from "../screens.ts";
import { say } from "../words/said.ts";
import { type Handler, withWorker } from "./deps.ts";

const handler = (verb: SessionVerb): Handler =>
  withWorker((deps, context, { id }) => handleSessionPress(deps, context, id, verb));

/** Handlers of buttons about a worker's session file. */
export const sessionPresses = {
  backups: handler("backups"),
  bnow: handler("bnow"),
  brest: handler("brest"),
  brestyes: handler("brestyes"),
  hstop: handler("hstop"),
  hstopyes: handler("hstopyes"),
  resume: handler("resume"),
  resumeyes: handler("resumeyes"),
  proxyyes: handler("proxyyes"),
} satisfies Record<SessionVerb, Handler>;

/** Buttons about a worker's session file. */
type SessionVerb = Extract<
  Verb,
  | "backups"
  | "bnow"
  | "brest"
  | "brestyes"
  | "hstop"
  | "hstopyes"
  | "resume"
  | "resumeyes"
  | "proxyyes"
>;

/** Parts of the handlers. */
interface SessionPressDeps {
  readonly panels: LivePanels;
  readonly commands: Commands;
  readonly screens: Screens;
  readonly alertActions: AlertActions;
  readonly clock: Clock;
}

/** Milliseconds for which a confirmation is valid. */
const CONFIRM_S = 30;

/** Carries out a press about a session file: answers it, then shows what it led to. */
async function handleSessionPress(
  deps: SessionPressDeps,
  context: PressContext,
  worker: WorkerId,
  verb: SessionVerb,
): Promise<void> {
  const { press } = context;
  switch (verb) {
    case "backups":
      return await showBackups(deps, context, worker);
    case "bnow":
      return await act(deps, context, worker, () =>
        deps.commands.backup(worker, deps.screens.views.runs(worker), context),
      );
    case "brest":
      await context.toast();
      return await show(deps, context, {
        kind: "restore",
        worker,
        copy: press.arg,
        token: token(deps),
      });
    case "brestyes": {
      const [ref = "", given] = press.arg.split("-");
      const copy = deps.screens.answers.copies(worker)?.find((each) => copyRef(each) === ref);
      if (!copy || tooOld(deps, given)) return await outOfDate(deps, context, worker);
      return await act(deps, context, worker, () =>
        deps.commands.restore(worker, copy.id, context),
      );
    }
    case "hstop":
      await context.toast();
      return await show(deps, context, {
        kind: "stop-holder",
        worker,
        pid: pidOf(press.arg),
        token: token(deps),
      });
    case "hstopyes": {
      const [pid = "", given] = press.arg.split("-");
      if (pidOf(pid) === 0 || tooOld(deps, given)) return await outOfDate(deps, context, worker);
      return await act(deps, context, worker, () =>
        deps.commands.stopHolder(worker, pidOf(pid), context),
      );
    }
    case "resume":
      await context.toast();
      return await show(deps, context, { kind: "resume", worker, token: token(deps) });
    case "resumeyes":
      if (tooOld(deps, press.arg)) return await outOfDate(deps, context, worker);
      return await act(deps, context, worker, () => deps.commands.resumeSending(worker, context));
    case "proxyyes": {
      const screen = deps.panels.screen(context.chat);
      const fits =
        screen?.kind === "proxy" && screen.worker === worker && screen.token === press.arg;
      if (!fits || tooOld(deps, press.arg)) return await outOfDate(deps, context, worker);
      return await act(deps, context, worker, () =>
        deps.commands.setProxy(worker, screen.sealed, context),
      );
    }
    default:
      return verb satisfies never;
  }
}

async function showBackups(
  deps: SessionPressDeps,
  context: PressContext,
  worker: WorkerId,
): Promise<void> {
  const result = await deps.commands.askHost("backups", worker, context.asker, context.id);
  await context.toast(result.kind === "failed" ? result.why : undefined);
  if (result.kind === "failed")
    await show(deps, context, { kind: "notice", text: result.why, worker });
  if (result.kind === "sent")
    await show(deps, context, { kind: "backups", worker, command: result.id });
}

/** Shows the worker, whose card tells how it goes. */
async function act(
  deps: SessionPressDeps,
  context: PressContext,
  worker: WorkerId,
  ask: () => Promise<AskResult>,
): Promise<void> {
  await context.toast(toastOf(await ask()));
  await show(deps, context, { kind: "worker", worker });
}

async function outOfDate(
  deps: SessionPressDeps,
  context: PressContext,
  worker: WorkerId,
): Promise<void> {
  await context.toast(say("toast-stale"));
  await show(deps, context, { kind: "worker", worker });
}

/** In the pressed message, but never in an alert card, which stays what it is. */
async function show(
  deps: SessionPressDeps,
  context: PressContext,
  screen: Parameters<LivePanels["show"]>[1],
): Promise<void> {
  const alert = deps.alertActions.isAlert(context.chat, context.message);
  await deps.panels.show(context.chat, screen, alert ? null : context.message);
}

function token({ clock }: SessionPressDeps): string {
  return Math.floor(clock.now() / 1000).toString(36);
}

function tooOld({ clock }: SessionPressDeps, given: string | undefined): boolean {
  const at = Number.parseInt(given ?? "", 36);
  return !(clock.now() / 1000 - at <= CONFIRM_S);
}

function pidOf(text: string): number {
  const pid = Number.parseInt(text, 36);
  return Number.isSafeInteger(pid) && pid > 0 ? pid : 0;
}
