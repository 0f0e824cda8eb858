import type { WorkerId } from "@flotilla/kernel";
import type { Handler } from "../kit/button.ts";
import { type ChatDeps, show } from "../kit/press.ts";
import type { PressContext } from "../kit/press-context.ts";
import { say } from "../kit/words/said.ts";
import { type AskResult, toastOf } from "./commands.ts";
import type { WorkerDeps } from "./deps.ts";
import type { WorkerRow, WorkerStore } from "./worker-store.ts";

/** The whole list of workers, first page. */
export const ALL_WORKERS = { kind: "workers", page: 0, problems: false, find: "" } as const;

/** A handler that needs the worker of the button; one that is gone is said to be. */
export function ofWorker<Deps extends ChatDeps & { readonly workers: WorkerStore }>(
  handle: (deps: Deps, context: PressContext, worker: WorkerRow) => Promise<void>,
): Handler<Deps> {
  return async (deps, context) => {
    const worker = deps.workers.find(context.press.about);
    if (worker) return await handle(deps, context, worker);
    await show(deps, context, ALL_WORKERS, say("toast-gone"));
  };
}

/** The question of the button is too old, or another one is shown. */
export async function outOfDate(
  deps: ChatDeps,
  context: PressContext,
  worker: WorkerId,
): Promise<void> {
  await show(deps, context, { kind: "worker", worker }, say("toast-stale"));
}

/** Gives a command and shows what it led to: on the alert card that was pressed, or on Worker Details. */
export async function run(
  deps: Pick<WorkerDeps, "panels" | "alertActions">,
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
