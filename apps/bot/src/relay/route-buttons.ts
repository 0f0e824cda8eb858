import type { Route } from "@flotilla/contracts";
import { button } from "../kit/button.ts";
import type { Screen } from "../kit/chat/screen.ts";
import { notDone, show } from "../kit/press.ts";
import type { PressContext } from "../kit/press-context.ts";
import { type Said, say } from "../kit/words/said.ts";
import { type RelayWish, toastOf } from "../workers/commands.ts";
import { ofWorker } from "../workers/of-worker.ts";
import type { RelayDeps } from "./deps.ts";
import { FILLS } from "./fill.ts";
import { askSince } from "./fill-since.ts";
import { routeProblem } from "./route-problem.ts";
import { sourceKey } from "./source-key.ts";

declare module "../kit/button.ts" {
  interface Verbs {
    routes: true;
    route: true;
    sources: true;
    srcset: true;
    rset: true;
  }
}

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

const cardOf = (route: Pick<Route, "id">): Screen => ({
  kind: "route",
  route: route.id,
  sure: false,
});

/** 🔀 Routes, of a worker or of all. */
const routes = button("routes", "viewer", (deps: RelayDeps, context) =>
  show(deps, context, { kind: "routes", worker: context.press.about }),
);

/** One route; this button and `rset` are about it. */
const route = button("route", "viewer", (deps: RelayDeps, context) =>
  show(deps, context, cardOf({ id: context.press.about })),
);

const sources = button(
  "sources",
  "viewer",
  ofWorker((deps: RelayDeps, context, { id }) =>
    show(deps, context, { kind: "sources", worker: id }),
  ),
);

/** Pauses a source, or leaves it out; the argument is its key. */
const changeSource = button(
  "srcset",
  "operator",
  ofWorker(async (deps: RelayDeps, context, { id }) => {
    const changed = deps.routes
      .of(id)
      .flatMap((each) => changedSource(each, context.press.arg) ?? []);
    const said = changed.length > 0 ? save(deps, context, changed) : say("toast-stale");
    await show(deps, context, { kind: "sources", worker: id }, said);
  }),
);

/** Every button of a route's card; the argument says which. */
const changeRoute = button("rset", "operator", async (deps: RelayDeps, context) => {
  const { about: id, arg } = context.press;
  const found = deps.routes.find(id);
  if (!found) return await show(deps, context, { kind: "routes", worker: "" }, say("toast-stale"));
  const change = CHANGES[arg];
  if (change) return await show(deps, context, cardOf(found), save(deps, context, [change(found)]));
  const wish = WISHES[arg];
  if (wish) return await giveCommand(deps, context, found, wishOf(found, wish));
  const fill = FILLS[arg];
  if (fill) return await giveCommand(deps, context, found, fillOf(found, fill, deps.clock.now()));
  switch (arg) {
    case "fill":
      return await show(deps, context, { kind: "fill", route: found.id });
    case "fsince":
      return await askSince(deps, context, found);
    case "remove":
      return await show(deps, context, { kind: "route", route: found.id, sure: true });
    case "gone":
      return await remove(deps, context, found);
    default:
      return await show(deps, context, cardOf(found), say("toast-stale"));
  }
});

/** Buttons of routes and sources. */
export const routeButtons = [routes, route, sources, changeSource, changeRoute];

async function remove(deps: RelayDeps, context: PressContext, { id, from }: Route): Promise<void> {
  deps.relay.remove(id);
  void deps.relay.flush();
  const done = say("audit-route-removed", { route: id });
  deps.audit.write(context.asker, done, from.worker, deps.clock.now());
  const list = { kind: "routes", worker: from.worker } as const;
  await show(deps, context, list, say("toast-route-removed"));
}

/** Replaces the routes; answers with the outcome. */
function save(deps: RelayDeps, { asker }: PressContext, changed: readonly Route[]): Said {
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
 * Pauses a source, takes it up again, or leaves it out of the route for good (`x-` before its key).
 * Null: it is not a source of the route, or its last one, which cannot be left out.
 */
function changedSource(route: Route, arg: string): Route | null {
  const leaveOut = arg.startsWith("x-");
  const key = leaveOut ? arg.slice(2) : arg;
  const ref = route.from.chats.find((chat) => sourceKey(chat) === key);
  if (ref === undefined) return null;
  const paused = route.from.paused ?? [];
  const others = paused.filter((each) => each !== ref);
  if (!leaveOut)
    return {
      ...route,
      from: { ...route.from, paused: paused.includes(ref) ? others : [...paused, ref] },
    };
  const chats = route.from.chats.filter((each) => each !== ref);
  return chats.length === 0 ? null : { ...route, from: { ...route.from, chats, paused: others } };
}

async function giveCommand(
  deps: RelayDeps,
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
