import type { WorkerId } from "@flotilla/kernel";
import { button } from "../kit/button.ts";
import type { Screen } from "../kit/chat/screen.ts";
import { show } from "../kit/press.ts";
import { say } from "../kit/words/said.ts";
import type { WorkerDeps } from "../workers/deps.ts";
import type { AlertActions } from "./alert-actions.ts";
import { EVERYBODY, LONGEST_MS } from "./silence-store.ts";

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

/** Begins or ends the silence of one worker, or of all; `shown`: the screen that says so. */
const silence = (verb: "mute" | "maintain", shown: (worker: WorkerId | null) => Screen) =>
  button(verb, "operator", async (deps: AlertDeps, context) => {
    const { about, arg } = context.press;
    const found = about === "" ? null : deps.workers.find(about);
    const forMs = timeOf(arg);
    const id = found?.id ?? null;
    if (about !== "" && !found)
      return await show(deps, context, { kind: "menu" }, say("toast-gone"));
    if (forMs === null) return await show(deps, context, shown(id), say("toast-stale"));
    const said = deps.alertActions[verb](id ?? EVERYBODY, forMs, context.asker.name);
    deps.audit.write(context.asker, said, id, deps.clock.now());
    await show(deps, context, shown(id), said);
  });

/** Milliseconds from the minutes of a button; null = no button of ours has them. */
function timeOf(arg: string): number | null {
  const ms = /^\d{1,7}$/.test(arg) ? Number(arg) * 60_000 : null;
  return ms !== null && ms <= LONGEST_MS ? ms : null;
}

/** 🔕 for the minutes of the argument, 0 = the end of it; about a worker, or about all. */
export const muteButton = silence("mute", (worker) =>
  worker === null ? { kind: "alerts", tab: "open", page: 0 } : { kind: "worker", worker },
);
const maintain = silence("maintain", (worker) =>
  worker === null ? { kind: "menu" } : { kind: "more", worker },
);

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
