import { WorkerIdField } from "@flotilla/contracts";
import type { HostId } from "@flotilla/kernel";
import { z } from "zod";
import type { KnownHosts } from "../health/known-hosts.ts";
import type { DrainStore } from "../hosts/drain-store.ts";
import { hostViews } from "../hosts/host-views.ts";
import { button } from "../kit/button.ts";
import { screen } from "../kit/chat/screen.ts";
import { show } from "../kit/press.ts";
import { say } from "../kit/words/said.ts";
import type { WorkerDeps } from "../workers/deps.ts";
import { ofWorker } from "../workers/of-worker.ts";
import type { FleetView } from "../workers/view.ts";
import type { WorkerRow } from "../workers/worker-store.ts";
import { moveAskCard, moveCard, noMoveCard, type Target } from "./move-cards.ts";
import type { MoveStore } from "./move-store.ts";
import type { Moving } from "./moving.ts";
import { hostTag, problemOfTarget } from "./targets.ts";

const asked = z.object({ worker: WorkerIdField });
const shownMove = z.object({ worker: WorkerIdField, move: z.string() });
declare module "../kit/chat/screen.ts" {
  interface ScreenData {
    moveask: z.infer<typeof asked>;
    move: z.infer<typeof shownMove>;
  }
}
declare module "../kit/button.ts" {
  interface Verbs {
    move: true;
    moveto: true;
    movestop: true;
  }
}

interface TargetDeps {
  readonly knownHosts: KnownHosts;
  readonly drains: Pick<DrainStore, "allUnderWay">;
}
interface ShownDeps extends TargetDeps {
  readonly moves: MoveStore;
}
interface MoveDeps extends WorkerDeps, ShownDeps {
  readonly moving: Moving;
}

/** 🚚 Move asks for the host. */
export const moveAsk = screen("moveask", asked, (deps: TargetDeps, view: FleetView, { worker }) => {
  const row = view.workers.find(({ id }) => id === worker);
  if (!row) return noMoveCard(view.words, worker);
  return moveAskCard(view.words, worker, targetsOf(deps, view, row));
});

/** One move, while it is under way and after. */
export const move = screen(
  "move",
  shownMove,
  ({ moves }: ShownDeps, { words }: FleetView, data) => {
    const found = moves.find(data.move);
    return found ? moveCard(words, found) : noMoveCard(words, data.worker);
  },
);

/** Every other host, the least loaded first. */
function targetsOf(
  { knownHosts, drains }: TargetDeps,
  view: Pick<FleetView, "workers" | "now">,
  { host: from }: Pick<WorkerRow, "host">,
): Target[] {
  const all = knownHosts.all();
  const rowOf = (host: HostId) => all.find((row) => row.host === host) ?? null;
  return hostViews(view, all, drains.allUnderWay())
    .filter(({ host }) => host !== from)
    .map((each) => {
      const isDrained = each.drain !== null;
      const asking = { from: rowOf(from), to: rowOf(each.host), isDrained, now: view.now };
      return { view: each, problem: problemOfTarget(asking) };
    });
}

/** 🚚 Move: the one that is under way, else the question where to. */
export const moveButton = button(
  "move",
  "owner",
  ofWorker(async (deps: MoveDeps, context, { id: worker }) => {
    const running = deps.moves.of(worker);
    if (running) return await show(deps, context, { kind: "move", worker, move: running.id });
    await show(deps, context, { kind: "moveask", worker });
  }),
);

/** Begins the move to the host of the button. */
export const moveToButton = button(
  "moveto",
  "owner",
  ofWorker(async (deps: MoveDeps, context, { id: worker }) => {
    const running = deps.moves.of(worker) ?? deps.moves.find(context.id);
    if (running) {
      const already = running.id === context.id ? undefined : say("toast-moving", { worker });
      return await show(deps, context, { kind: "move", worker, move: running.id }, already);
    }
    const view = await deps.views.of(context.chat);
    const row = deps.workers.find(worker);
    const target =
      row &&
      targetsOf(deps, view, row).find(({ view: { host } }) => hostTag(host) === context.press.arg);
    const status = deps.views.lastStatus(worker);
    if (!row || !target || target.problem !== null || view.trouble !== null)
      return await show(deps, context, { kind: "moveask", worker }, say("toast-host-not-open"));
    if (status?.state === "LOGGING_IN")
      return await show(deps, context, { kind: "moveask", worker }, say("toast-move-login"));
    const { host } = target.view;
    deps.moving.begin(row, host, status, context);
    deps.audit.write(context.asker, say("audit-move", { host }), worker, deps.clock.now());
    const begun = deps.moves.of(worker)?.id ?? context.id;
    await show(deps, context, { kind: "move", worker, move: begun }, say("toast-queued"));
  }),
);

/** ✖️ while nothing was started on the new host. */
export const moveStopButton = button(
  "movestop",
  "owner",
  ofWorker(async (deps: MoveDeps, context, { id: worker }) => {
    const running = deps.moves.of(worker);
    if (!running) return await show(deps, context, { kind: "worker", worker }, say("toast-stale"));
    const said = say(deps.moving.cancel(running.id) ? "toast-move-cancel" : "toast-move-late");
    await show(deps, context, { kind: "move", worker, move: running.id }, said);
  }),
);
