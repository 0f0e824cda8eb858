import { type Handler, show } from "../kit/deps.ts";
import { say } from "../kit/words/said.ts";

/** Buttons of alert cards and of the alerts screen. */
export const alertPresses = {
  take: async (deps, context) => {
    await context.toast(deps.alertActions.take(context));
    deps.alertActions.tell(context);
  },
  hush: async (deps, context) => {
    await context.toast(deps.alertActions.hush(context));
    deps.alertActions.tell(context);
  },
  mute: async (deps, context) => {
    const { worker, arg } = context.press;
    const minutes = Number.parseInt(arg, 10) || 0;
    const said = deps.alertActions.mute(
      worker === "" ? "*" : worker,
      minutes * 60_000,
      context.asker.name,
    );
    const found = deps.workers.find(worker);
    deps.audit.write(context.asker, said, found?.id ?? null, deps.clock.now());
    await show(
      deps,
      context,
      found ? { kind: "worker", worker: found.id } : { kind: "alerts", tab: "open", page: 0 },
      said,
    );
  },
  test: async (deps, context) => {
    await context.toast(say("toast-test"));
    await deps.alertActions.practise("test", context.asker.name, context.id);
  },
  drill: async (deps, context) => {
    await context.toast(say("toast-drill"));
    deps.audit.write(context.asker, say("audit-drill"), null, deps.clock.now());
    await deps.alertActions.practise("drill", context.asker.name, context.id);
  },
} satisfies Record<string, Handler>;
