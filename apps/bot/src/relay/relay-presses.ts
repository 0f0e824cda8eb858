import type { Route } from "@flotilla/contracts";
import {
  type Handler,
  notDone,
  type PressDeps,
  panelMessage,
  show,
  withWorker,
} from "../kit/deps.ts";
import type { PressContext } from "../kit/press-context.ts";
import { type Said, say } from "../kit/words/said.ts";
import { type RelayWish, toastOf } from "../workers/commands.ts";
import { FILLS } from "./fill.ts";
import { routeProblem } from "./route-problem.ts";
import { sourceKey } from "./source-key.ts";

const ALERTS = { off: "silent", silent: "sound", sound: "off" } as const;

/** What the buttons of a route card change about it. */
const CHANGES: Readonly<Record<string, (route: Route) => Route>> = {
  on: (route) => ({ ...route, on: !route.on }),
  edits: (route) => ({ ...route, edits: !route.edits }),
  deletes: (route) => ({ ...route, deletes: !route.deletes }),
  alert: (route) => ({ ...route, alert: ALERTS[route.alert] }),
};

/** Commands that the buttons of a route card give to its reader. */
type Wish = { kind: "relay.retry" | "relay.drop" | "relay.wake" | "relay.stop-fill" | "relay.dry" };
const WISHES: Readonly<Record<string, Wish["kind"]>> = {
  retry: "relay.retry",
  drop: "relay.drop",
  wake: "relay.wake",
  fstop: "relay.stop-fill",
  dry: "relay.dry",
};

/** Buttons of routes and sources. The "worker" of `route` and `rset` is a route's name. */
export const relayPresses = {
  routes: (deps, context) => show(deps, context, { kind: "routes", worker: context.press.worker }),
  route: (deps, context) =>
    show(deps, context, { kind: "route", route: context.press.worker, sure: false }),
  sources: withWorker((deps, context, { id }) =>
    show(deps, context, { kind: "sources", worker: id }),
  ),
  srcset: withWorker(async (deps, context, { id }) => {
    const said = save(
      deps,
      context,
      deps.routes.of(id).map((route) => changedSource(route, context.press.arg)),
    );
    await show(deps, context, { kind: "sources", worker: id }, said);
  }),
  rset: async (deps, context) => {
    const route = deps.routes.find(context.press.worker);
    const { arg } = context.press;
    if (!route)
      return await show(deps, context, { kind: "routes", worker: "" }, say("toast-stale"));
    const change = CHANGES[arg];
    if (change)
      return await show(
        deps,
        context,
        { kind: "route", route: route.id, sure: false },
        save(deps, context, [change(route)]),
      );
    const wish = WISHES[arg];
    if (wish) return await command(deps, context, route, wishOf(route, wish));
    const fill = FILLS[arg];
    if (fill) return await command(deps, context, route, fillOf(route, fill, deps.clock.now()));
    if (arg === "fill") return await show(deps, context, { kind: "fill", route: route.id });
    if (arg === "fsince") return await askSince(deps, context, route);
    if (arg === "remove")
      return await show(deps, context, { kind: "route", route: route.id, sure: true });
    if (arg !== "gone")
      return await show(
        deps,
        context,
        { kind: "route", route: route.id, sure: false },
        say("toast-stale"),
      );
    deps.relay.remove(route.id);
    void deps.relay.flush();
    deps.audit.write(
      context.asker,
      say("audit-route-removed", { route: route.id }),
      route.from.worker,
      deps.clock.now(),
    );
    await show(
      deps,
      context,
      { kind: "routes", worker: route.from.worker },
      say("toast-route-removed"),
    );
  },
  rnew: async (deps, context) => {
    deps.routeWizard.begin(context.admin, deps.workers.find(context.press.worker)?.id ?? null);
    await showDraft(deps, context);
  },
  redit: async (deps, context) => {
    if (deps.routeWizard.edit(context.admin, context.press.worker))
      return await showDraft(deps, context);
    await show(deps, context, { kind: "routes", worker: "" }, say("toast-stale"));
  },
  rwiz: async (deps, context) => {
    const { worker: step, arg } = context.press;
    if (arg === "cancel") {
      deps.routeWizard.cancel(context.admin);
      return await show(deps, context, { kind: "routes", worker: "" });
    }
    const result = await deps.routeWizard.press(context, step, arg);
    if (result.kind === "saved") {
      const screen = { kind: "route", route: result.route, sure: false } as const;
      return await show(deps, context, screen, say("toast-route-saved"));
    }
    if (result.kind === "dry")
      return await show(
        deps,
        context,
        { kind: "dry", route: result.route, command: result.command, draft: true },
        result.said,
      );
    await showDraft(deps, context, result.kind === "stale" ? say("toast-stale") : result.said);
  },
} satisfies Record<string, Handler>;

/**
 * The step where the admin is, also for a button of another one. What is written next answers it.
 */
async function showDraft(deps: PressDeps, context: PressContext, said?: Said): Promise<void> {
  if (deps.routeWizard.of(context.admin))
    deps.admins.expect(context.admin, "rwiz", "", context.chat);
  await show(deps, context, { kind: "rwiz", admin: context.admin }, said);
}

/** Replaces the routes; answers with the outcome. */
function save(deps: PressDeps, { asker }: PressContext, changed: readonly Route[]): Said {
  for (const route of changed) {
    const [problem] = deps.relay.put(route);
    if (problem) return routeProblem(problem);
    deps.audit.write(
      asker,
      say("audit-route", { route: route.id }),
      route.from.worker,
      deps.clock.now(),
    );
  }
  void deps.relay.flush();
  return say("toast-route-saved");
}

/**
 * Pauses a source, takes it up again, or leaves it out of the route for good (`x-` before its key):
 * the last one cannot be.
 */
function changedSource(route: Route, arg: string): Route {
  const leaveOut = arg.startsWith("x-");
  const key = leaveOut ? arg.slice(2) : arg;
  const ref = route.from.chats.find((chat) => sourceKey(chat) === key);
  if (ref === undefined) return route;
  const paused = route.from.paused ?? [];
  const others = paused.filter((each) => each !== ref);
  if (!leaveOut)
    return {
      ...route,
      from: { ...route.from, paused: paused.includes(ref) ? others : [...paused, ref] },
    };
  const chats = route.from.chats.filter((each) => each !== ref);
  return chats.length === 0 ? route : { ...route, from: { ...route.from, chats, paused: others } };
}

async function command(
  deps: PressDeps,
  context: PressContext,
  route: Route,
  wish: RelayWish,
): Promise<void> {
  const result = await deps.commands.relay(wish, route.from.worker, context);
  if (deps.alertActions.isAlert(context.chat, context.message)) {
    await context.toast(toastOf(result));
    return deps.alertActions.acted(context, result);
  }
  if (result.kind === "failed") return await notDone(deps, context, route.from.worker, result.why);
  const screen =
    wish.kind === "relay.dry" && result.kind === "sent"
      ? ({ kind: "dry", route: route.id, command: result.id, draft: false } as const)
      : ({ kind: "route", route: route.id, sure: false } as const);
  await show(deps, context, screen, toastOf(result));
}

function wishOf(route: Route, kind: Wish["kind"]): RelayWish {
  if (kind === "relay.stop-fill") return { kind };
  return kind === "relay.dry" ? { kind, route } : { kind, route: route.id };
}

function fillOf(route: Route, fill: NonNullable<(typeof FILLS)[string]>, now: number): RelayWish {
  if ("last" in fill) return { kind: "relay.fill", route: route.id, last: fill.last };
  return { kind: "relay.fill-since", route: route.id, since: now - fill.withinMs };
}

async function askSince(deps: PressDeps, context: PressContext, route: Route): Promise<void> {
  await context.toast();
  deps.admins.expect(context.admin, "since", route.id, context.chat);
  const screen = { kind: "ask", what: "since", worker: route.from.worker, problem: null } as const;
  await deps.panels.show(context.chat, screen, panelMessage(deps, context));
}
