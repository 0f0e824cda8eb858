import { BulkAction } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import { CONFIRM_MS } from "../kit/ask.ts";
import { type Handler, type PressDeps, run, show } from "../kit/deps.ts";
import type { PressContext } from "../kit/press-context.ts";
import { mayPress, roleFor } from "../kit/roles.ts";
import type { Screen } from "../kit/screen.ts";
import { say } from "../kit/words/said.ts";
import { beginLogin } from "../login/login-presses.ts";
import type { WorkerRow } from "./worker-store.ts";

/**
 * What was confirmed for one worker. The button that confirms is for operators; what it does may
 * not be.
 */
async function oneWorker(
  deps: PressDeps,
  context: PressContext,
  {
    what,
    worker,
  }: { readonly what: "logout" | "rmsession" | "login"; readonly worker: WorkerId | null },
): Promise<void> {
  const id = worker && deps.workers.find(worker)?.id;
  if (!id) return await show(deps, context, { kind: "menu" }, say("toast-gone"));
  const { role } = context;
  if (!mayPress(role, what))
    return await context.toast(say("toast-refused", { role, needs: roleFor(what) }));
  if (what === "login") return await beginLogin(deps, context, id);
  await run(deps, context, id, () =>
    what === "logout"
      ? deps.commands.askWorker("logout", id, context)
      : deps.commands.askHost("remove-session", id, context.asker, context.id),
  );
}

/**
 * Whom a confirmation is about: the workers of an alert card as they are now, those with a tag, or
 * all.
 */
function chosen(
  { workers, alertActions }: PressDeps,
  { tag, card }: Extract<Screen, { kind: "confirm" }>,
): WorkerRow[] {
  if (card === undefined)
    return workers.all().filter((worker) => tag === "" || worker.tags.includes(tag));
  const crew = new Set(alertActions.crew(card));
  return workers.all().filter(({ id }) => crew.has(id));
}

/** Buttons of acts on many workers. */
export const bulkPresses = {
  /** Asks once more, with the number. `worker` of the button is a tag here, or nothing for all. */
  bulk: async (deps, context) => {
    const action = BulkAction.safeParse(context.press.arg).data;
    if (!action) return await show(deps, context, { kind: "menu" }, say("toast-stale"));
    const tag = context.press.worker;
    await show(deps, context, {
      kind: "confirm",
      what: action,
      worker: null,
      tag,
      at: deps.clock.now(),
    });
  },
  /** The workers of an alert card, asked for once more with their number. */
  these: async (deps, context) => {
    const card = Number.parseInt(context.press.arg, 36) || 0;
    const crew = deps.alertActions.crew(card);
    if (!crew || crew.length === 0) return await context.toast(say("toast-alert-over"));
    const at = deps.clock.now();
    await show(deps, context, {
      kind: "confirm",
      what: "restart",
      worker: null,
      tag: "",
      card,
      at,
    });
  },
  yes: async (deps, context) => {
    const screen = deps.panels.screen(context.chat);
    const now = deps.clock.now();
    const fits =
      screen?.kind === "confirm" && Math.floor(screen.at / 1000).toString(36) === context.press.arg;
    if (!fits || now - screen.at > CONFIRM_MS) {
      const again = deps.bulks.find(context.id);
      if (again) return await show(deps, context, { kind: "bulk", bulk: again.id });
      return await show(deps, context, { kind: "menu" }, say("toast-confirm-late"));
    }
    if (screen.what === "logout" || screen.what === "rmsession" || screen.what === "login")
      return await oneWorker(deps, context, { what: screen.what, worker: screen.worker });
    const workers = chosen(deps, screen);
    const other = deps.bulk.covering(screen.what, workers, context.id);
    if (other) {
      const { askerName: by, askedAt } = other;
      return await show(
        deps,
        context,
        { kind: "bulk", bulk: other.id },
        say("toast-bulk-already", { by, ms: now - askedAt }),
      );
    }
    // Before anything is waited for: a second admin may press at the same moment.
    const begins = deps.bulk.begin(screen.what, workers, context.asker, context.id);
    await context.toast(say("toast-queued"));
    deps.audit.write(
      context.asker,
      say("audit-bulk", { verb: screen.what, count: workers.length }),
      null,
      now,
    );
    if (screen.card !== undefined)
      deps.alertActions.began(screen.card, screen.what, context.asker.name);
    await begins;
    await deps.panels.show(context.chat, { kind: "bulk", bulk: context.id }, context.message);
  },
  bulkstop: async (deps, context) => {
    const bulk = deps.bulks.byTail(context.press.arg);
    if (!bulk) return await show(deps, context, { kind: "menu" }, say("toast-stale"));
    const problem = await deps.bulk.cancel(bulk, context.asker, context.id);
    await show(
      deps,
      context,
      { kind: "bulk", bulk: bulk.id },
      problem ?? say("toast-bulk-stopping"),
    );
  },
} satisfies Record<string, Handler>;
