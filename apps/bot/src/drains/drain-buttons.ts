import { HostIdField } from "@flotilla/contracts";
import type { HostId } from "@flotilla/kernel";
import { z } from "zod";
import type { KnownHosts } from "../health/known-hosts.ts";
import type { Drain } from "../hosts/drain.ts";
import type { DrainStore } from "../hosts/drain-store.ts";
import { type HostView, hostViews } from "../hosts/host-views.ts";
import { button } from "../kit/button.ts";
import { screen } from "../kit/chat/screen.ts";
import { isTooLate } from "../kit/confirm.ts";
import { show } from "../kit/press.ts";
import type { PressContext } from "../kit/press-context.ts";
import { say } from "../kit/words/said.ts";
import { targetFrom } from "../moves/targets.ts";
import type { WorkerDeps } from "../workers/deps.ts";
import type { FleetView } from "../workers/view.ts";
import { drainAskCard, drainCard, noDrainCard } from "./drain-card.ts";
import type { Draining } from "./draining.ts";

const asked = z.object({ host: HostIdField, at: z.number() });
const shownDrain = z.object({ host: HostIdField, drain: z.string() });
declare module "../kit/chat/screen.ts" {
  interface ScreenData {
    drainask: z.infer<typeof asked>;
    drain: z.infer<typeof shownDrain>;
  }
}
declare module "../kit/button.ts" {
  interface Verbs {
    drain: true;
    drainmove: true;
    drainstop: true;
    draincancel: true;
    drainend: true;
  }
}

interface ShownDeps {
  readonly knownHosts: KnownHosts;
  readonly drains: DrainStore;
}
interface DrainDeps extends Pick<WorkerDeps, "panels" | "alertActions">, ShownDeps {
  readonly draining: Draining;
  readonly views: WorkerDeps["views"];
  readonly audit: WorkerDeps["audit"];
  readonly clock: WorkerDeps["clock"];
}

/** The question before a host is drained. */
export const drainAsk = screen("drainask", asked, (deps: ShownDeps, view: FleetView, shown) => {
  const found = hostOf(deps, view, shown.host);
  if (!found) return noDrainCard(view.words, shown.host);
  return drainAskCard(view.words, found, {
    target: targetOf(deps, view, shown.host),
    at: shown.at,
  });
});

/** One drain, until an owner ends it and after. */
export const drain = screen("drain", shownDrain, (deps: ShownDeps, view: FleetView, shown) => {
  const found = deps.drains.find(shown.drain);
  if (!found) return noDrainCard(view.words, shown.host);
  const isHeard = hostOf(deps, view, found.host)?.isHeard ?? false;
  return drainCard(view.words, found, isHeard);
});

type Seen = Pick<FleetView, "workers" | "now">;

function hostOf({ knownHosts, drains }: ShownDeps, view: Seen, host: HostId): HostView | null {
  const all = hostViews(view, knownHosts.all(), drains.allUnderWay());
  return all.find((each) => each.host === host) ?? null;
}

function targetOf({ knownHosts, drains }: ShownDeps, view: Seen, host: HostId): HostId | null {
  const isDrained = (other: HostId): boolean => drains.of(other) !== null;
  return targetFrom(host, { ...view, rows: knownHosts.all(), isDrained });
}

/** ⏏️ Drain: the one of this host, else the question. */
export const drainButton = button("drain", "owner", async (deps: DrainDeps, context) => {
  const host = HostIdField.safeParse(context.press.about).data;
  if (!host) return await show(deps, context, { kind: "hosts" });
  const running = deps.drains.of(host);
  if (running) return await show(deps, context, { kind: "drain", host, drain: running.id });
  await show(deps, context, { kind: "drainask", host, at: deps.clock.now() });
});

async function begin(deps: DrainDeps, context: PressContext, how: Drain["how"]): Promise<void> {
  const host = HostIdField.safeParse(context.press.about).data;
  if (!host) return await show(deps, context, { kind: "hosts" });
  const now = deps.clock.now();
  const running = deps.drains.of(host) ?? deps.drains.find(context.id);
  if (running) return await show(deps, context, { kind: "drain", host, drain: running.id });
  const again = { kind: "drainask", host, at: now } as const;
  if (isTooLate(context.press.arg, now))
    return await show(deps, context, again, say("toast-confirm-late"));
  const view = await deps.views.of(context.chat);
  const found = hostOf(deps, view, host);
  if (view.trouble !== null || !found?.isHeard || found.workers.length === 0)
    return await show(deps, context, { kind: "host", host }, say("toast-drain-not", { host }));
  if (how === "move" && targetOf(deps, view, host) === null)
    return await show(deps, context, again, say("toast-drain-nowhere"));
  // Another owner may have begun one while the views were read.
  if (deps.drains.of(host) === null) {
    deps.draining.begin(host, how, context);
    const about = { host, count: found.workers.length };
    deps.audit.write(context.asker, say(`audit-drain-${how}`, about), null, now);
  }
  const begun = deps.drains.of(host)?.id ?? context.id;
  await show(deps, context, { kind: "drain", host, drain: begun }, say("toast-queued"));
}

/** 🚚 Its workers go to the other hosts. */
export const drainMoveButton = button("drainmove", "owner", (deps: DrainDeps, context) =>
  begin(deps, context, "move"),
);

/** ⏹ Its workers stay there, stopped. */
export const drainStopButton = button("drainstop", "owner", (deps: DrainDeps, context) =>
  begin(deps, context, "stop"),
);

/** ✖️ after the worker in hand. */
export const drainCancelButton = button(
  "draincancel",
  "owner",
  async (deps: DrainDeps, context) => {
    const host = HostIdField.safeParse(context.press.about).data;
    const running = host && deps.drains.of(host);
    if (!running) return await show(deps, context, { kind: "hosts" }, say("toast-stale"));
    const shown = { kind: "drain", host, drain: running.id } as const;
    if (running.overAt !== null) return await show(deps, context, shown, say("toast-stale"));
    deps.draining.cancel(running);
    deps.audit.write(context.asker, say("audit-drain-cancel", { host }), null, deps.clock.now());
    await show(deps, context, shown, say("toast-drain-cancel"));
  },
);

/** ▶️ The host takes workers again, and those that the drain stopped are started. */
export const drainEndButton = button("drainend", "owner", async (deps: DrainDeps, context) => {
  const host = HostIdField.safeParse(context.press.about).data;
  const running = host && deps.drains.of(host);
  if (!running) return await show(deps, context, { kind: "hosts" }, say("toast-stale"));
  const shown = { kind: "drain", host, drain: running.id } as const;
  if (running.overAt === null) return await show(deps, context, shown, say("toast-stale"));
  const { trouble } = await deps.views.of(context.chat);
  // A start that cannot be sent would be lost with the end.
  if (trouble !== null) return await show(deps, context, shown, say(`problem-redis-${trouble}`));
  const bulk = await deps.draining.takeAgain(running, context.asker);
  deps.audit.write(context.asker, say("audit-drain-end", { host }), null, deps.clock.now());
  const said = say("toast-drain-end", { host });
  await show(deps, context, bulk === null ? shown : { kind: "bulk", bulk }, said);
});
