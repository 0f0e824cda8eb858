import { say } from "../words/said.ts";
import type { Handler } from "./deps.ts";

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
