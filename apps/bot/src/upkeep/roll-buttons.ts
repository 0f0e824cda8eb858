import { z } from "zod";
import type { AuditStore } from "../admins/audit-store.ts";
import type { KnownHosts } from "../health/known-hosts.ts";
import { button } from "../kit/button.ts";
import { screen } from "../kit/chat/screen.ts";
import { isTooLate } from "../kit/confirm.ts";
import { type ChatDeps, show } from "../kit/press.ts";
import { say } from "../kit/words/said.ts";
import type { BulkStore } from "../workers/bulk-store.ts";
import type { WorkerDeps } from "../workers/deps.ts";
import type { FleetView } from "../workers/view.ts";
import type { Views } from "../workers/views.ts";
import { type OwnBot, planRoll } from "./plan.ts";
import { commandOf, type Roll, stepInHand } from "./roll.ts";
import { askCard, goneCard, rollCard } from "./roll-card.ts";
import type { RollStore } from "./roll-store.ts";
import type { Rolling } from "./rolling.ts";

const asked = z.object({ at: z.number() });
const data = z.object({ roll: z.string() });
declare module "../kit/chat/screen.ts" {
  interface ScreenData {
    rollask: z.infer<typeof asked>;
    roll: z.infer<typeof data>;
  }
}
declare module "../kit/button.ts" {
  interface Verbs {
    roll: true;
    rollyes: true;
    rollstop: true;
  }
}

interface PlanDeps {
  readonly knownHosts: KnownHosts;
  readonly own: OwnBot;
  readonly limits: { readonly spacingMs: number };
}
interface ShownDeps {
  readonly rolls: RollStore;
  readonly bulks: BulkStore;
}
interface RollDeps extends ChatDeps, PlanDeps, ShownDeps {
  readonly rolling: Rolling;
  readonly views: Views;
  readonly clock: WorkerDeps["clock"];
  readonly audit: AuditStore;
}

/** The question, with what would be done as things are now. */
export const rollAsk = screen("rollask", asked, (deps: PlanDeps, view: FleetView, { at }) =>
  askCard(view.words, planRoll(view, deps.knownHosts.all(), deps.own), at, deps.limits.spacingMs),
);

/** One rolling restart, while it is under way and after. */
export const roll = screen("roll", data, (deps: ShownDeps, { words }: FleetView, shown) => {
  const found = deps.rolls.find(shown.roll);
  if (!found) return goneCard(words);
  return rollCard(words, found, doneOf(deps.bulks, found));
});

function doneOf(bulks: BulkStore, found: Roll): number {
  const hand = stepInHand(found);
  const bulk = hand && bulks.find(commandOf(found, hand.n));
  return bulk ? Object.values(bulk.hosts).flatMap(({ done }) => done).length : 0;
}

/** 🔄 Rolling restart: the one that is under way, or that of the button; else the question. */
export const rollButton = button("roll", "owner", async (deps: RollDeps, context) => {
  const running = deps.rolls.underWay() ?? deps.rolls.find(context.press.arg);
  if (running) return await show(deps, context, { kind: "roll", roll: running.id });
  await show(deps, context, { kind: "rollask", at: deps.clock.now() });
});

/** Begins it, if no other one and no restart of many is under way. */
export const rollYesButton = button("rollyes", "owner", async (deps: RollDeps, context) => {
  const now = deps.clock.now();
  const running = deps.rolls.underWay() ?? deps.rolls.find(context.id);
  if (running) {
    const isOwn = running.id === context.id;
    const about = { by: running.asker.name, ms: now - running.askedAt };
    const already = isOwn ? undefined : say("toast-bulk-already", about);
    return await show(deps, context, { kind: "roll", roll: running.id }, already);
  }
  if (isTooLate(context.press.arg, now))
    return await show(deps, context, { kind: "rollask", at: now }, say("toast-confirm-late"));
  const [bulk] = deps.bulks.underWay("restart");
  if (bulk) {
    const about = { by: bulk.askerName, ms: now - bulk.askedAt };
    return await show(
      deps,
      context,
      { kind: "bulk", bulk: bulk.id },
      say("toast-bulk-already", about),
    );
  }
  const plan = planRoll(await deps.views.of(context.chat), deps.knownHosts.all(), deps.own);
  if (plan.steps.length === 0) return await show(deps, context, { kind: "rollask", at: now });
  // Another admin may have begun one while the views were read.
  if (!deps.rolls.underWay()) {
    deps.rolling.begin(plan, context.asker, context.id);
    deps.audit.write(context.asker, say("audit-roll"), null, now);
  }
  const begun = deps.rolls.underWay()?.id ?? context.id;
  await show(deps, context, { kind: "roll", roll: begun }, say("toast-queued"));
});

/** ✋ ends it after the worker or the supervisor in hand. */
export const rollStopButton = button("rollstop", "owner", async (deps: RollDeps, context) => {
  const running = deps.rolls.underWay();
  if (!running) return await show(deps, context, { kind: "health" }, say("toast-stale"));
  const problem = await deps.rolling.stop(running, context.asker, context.id);
  const said = problem ?? say("toast-roll-stopping");
  await show(deps, context, { kind: "roll", roll: running.id }, said);
});
