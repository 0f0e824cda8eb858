import type { WorkerId } from "@flotilla/kernel";
import { type Button, button } from "../kit/button.ts";
import type { Screen } from "../kit/chat/screen.ts";
import { isTooLate, stampOf } from "../kit/confirm.ts";
import { show } from "../kit/press.ts";
import type { PressContext } from "../kit/press-context.ts";
import { type Role, reaches } from "../kit/roles.ts";
import { say } from "../kit/words/said.ts";
import type { Bulk } from "../workers/bulk-run.ts";
import type { BulkStore } from "../workers/bulk-store.ts";
import type { Confirmation } from "../workers/confirm.ts";
import type { WorkerDeps } from "../workers/deps.ts";
import type { WorkerRow } from "../workers/worker-store.ts";

declare module "../kit/button.ts" {
  interface Verbs {
    yes: true;
  }
}

interface YesDeps extends WorkerDeps {
  readonly bulk: Bulk;
  readonly bulks: BulkStore;
  readonly alertActions: WorkerDeps["alertActions"] & {
    crew(card: number): readonly WorkerId[] | null;
    /** Writes on the card what an admin does about all its workers. */
    began(card: number, verb: string, by: string): void;
  };
}

type Confirm = Extract<Screen, { kind: "confirm" }>;

/** The button that confirms. It is for operators; what it does may need more, see `roleOf`. */
export function yesButton<Deps>(
  confirmations: readonly Confirmation<Deps>[],
  roleOf: (verb: Confirmation<Deps>["verb"]) => Role,
): Button<Deps & YesDeps> {
  return button("yes", "operator", async (deps, context) => {
    const shown = deps.panels.screen(context.chat);
    const { arg } = context.press;
    const now = deps.clock.now();
    const fits = shown?.kind === "confirm" && stampOf(shown.at) === arg && !isTooLate(arg, now);
    if (!fits) return await tooLate(deps, context);
    const one = confirmations.find(({ what }) => what === shown.what);
    if (!one) return await onMany(deps, context, shown);
    const worker = shown.worker && deps.workers.find(shown.worker)?.id;
    if (!worker) return await show(deps, context, { kind: "menu" }, say("toast-gone"));
    const needs = roleOf(one.verb);
    if (!reaches(context.role, needs))
      return await context.toast(say("toast-refused", { role: context.role, needs }));
    await one.run(deps, context, worker);
  });
}

/** The same press handled again, such as after a crash, shows what the first one began. */
async function tooLate(deps: YesDeps, context: PressContext): Promise<void> {
  const again = deps.bulks.find(context.id);
  if (again) return await show(deps, context, { kind: "bulk", bulk: again.id });
  await show(deps, context, { kind: "menu" }, say("toast-confirm-late"));
}

async function onMany(deps: YesDeps, context: PressContext, shown: Confirm): Promise<void> {
  const { what, card } = shown;
  if (what === "logout" || what === "rmsession" || what === "login")
    return await tooLate(deps, context);
  const now = deps.clock.now();
  const workers = chosen(deps, shown);
  const other = deps.bulk.covering(what, workers, context.id);
  if (other) {
    const said = say("toast-bulk-already", { by: other.askerName, ms: now - other.askedAt });
    return await show(deps, context, { kind: "bulk", bulk: other.id }, said);
  }
  // Before anything is waited for: a second admin may press at the same moment.
  const begins = deps.bulk.begin(what, workers, context.asker, context.id);
  await context.toast(say("toast-queued"));
  const done = say("audit-bulk", { verb: what, count: workers.length });
  deps.audit.write(context.asker, done, null, now);
  if (card !== undefined) deps.alertActions.began(card, what, context.asker.name);
  await begins;
  await deps.panels.show(context.chat, { kind: "bulk", bulk: context.id }, context.message);
}

/** The workers of an alert card as they are now, those with a tag, or all. */
function chosen({ workers, alertActions }: YesDeps, { tag, card }: Confirm): WorkerRow[] {
  if (card === undefined)
    return workers.all().filter((worker) => tag === "" || worker.tags.includes(tag));
  const crew = new Set(alertActions.crew(card));
  return workers.all().filter(({ id }) => crew.has(id));
}
