import { button } from "../kit/button.ts";
import { show } from "../kit/press.ts";
import { say } from "../kit/words/said.ts";
import type { WorkerDeps } from "../workers/deps.ts";
import type { AlertActions } from "./alert-actions.ts";
import { EVERYBODY } from "./silence-store.ts";

declare module "../kit/button.ts" {
  interface Verbs {
    take: true;
    hush: true;
    mute: true;
    maintain: true;
    test: true;
    drill: true;
  }
}

/** What handlers of buttons about alerts work with. */
export interface AlertDeps extends WorkerDeps {
  readonly alertActions: AlertActions;
}

const take = button("take", "operator", async (deps: AlertDeps, context) => {
  await context.toast(deps.alertActions.take(context));
  deps.alertActions.tell(context);
});

const hush = button("hush", "operator", async (deps: AlertDeps, context) => {
  await context.toast(deps.alertActions.hush(context));
  deps.alertActions.tell(context);
});

/** Mutes a worker, or all, for the minutes of the argument; 0 ends it. */
export const muteButton = button("mute", "operator", async (deps: AlertDeps, context) => {
  const { worker, arg } = context.press;
  const forMs = (Number.parseInt(arg, 10) || 0) * 60_000;
  const said = deps.alertActions.mute(worker || EVERYBODY, forMs, context.asker.name);
  const found = deps.workers.find(worker);
  deps.audit.write(context.asker, said, found?.id ?? null, deps.clock.now());
  await show(
    deps,
    context,
    found ? { kind: "worker", worker: found.id } : { kind: "alerts", tab: "open", page: 0 },
    said,
  );
});

/** A maintenance window of a worker, or of all, for the minutes of the argument; 0 ends it. */
const maintain = button("maintain", "operator", async (deps: AlertDeps, context) => {
  const { worker, arg } = context.press;
  const forMs = (Number.parseInt(arg, 10) || 0) * 60_000;
  const said = deps.alertActions.maintain(worker || EVERYBODY, forMs, context.asker.name);
  const found = deps.workers.find(worker);
  deps.audit.write(context.asker, said, found?.id ?? null, deps.clock.now());
  await show(deps, context, found ? { kind: "more", worker: found.id } : { kind: "menu" }, said);
});

const test = button("test", "operator", async (deps: AlertDeps, context) => {
  await context.toast(say("toast-test"));
  await deps.alertActions.practise("test", context.asker.name, context.id);
});

const drill = button("drill", "owner", async (deps: AlertDeps, context) => {
  await context.toast(say("toast-drill"));
  deps.audit.write(context.asker, say("audit-drill"), null, deps.clock.now());
  await deps.alertActions.practise("drill", context.asker.name, context.id);
});

/** Buttons of alert cards and of the alerts screen. */
export const alertButtons = [take, hush, muteButton, maintain, test, drill];
