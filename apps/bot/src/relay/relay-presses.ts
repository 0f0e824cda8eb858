import type { Route } from "@flotilla/contracts";
import type { PressContext } from "../chat/press-context.ts";
import { type RelayWish, toastOf } from "../commands.ts";
import { ask, type Handler, type PressDeps, show, withWorker } from "../presses/deps.ts";
import { type Said, say } from "../words/said.ts";
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
type Wish = { kind: "relay.retry" | "relay.drop" | "relay.wake" | "relay.fill" | "relay.dry" };
const WISHES: Readonly<Record<string, Wish["kind"]>> = {
  retry: "relay.retry",
  drop: "relay.drop",
  wake: "relay.wake",
  fill: "relay.fill",
  dry: "relay.dry",
};

/** Buttons of routes and sources. The "worker" of `route` and `rset` is a route's name. */
export const relayPresses = {
  routes: (deps, context) => show(deps, context, { kind: "routes", worker: context.press.worker }),
  route: (deps, context) => show(deps, context, { kind: "route", route: context.press.worker, sure: false }),
  sources: withWorker((deps, context, { id }) => show(deps, context, { kind: "sources", worker: id })),
  srcset: withWorker(async (deps, context, { id }) => {
    const said = save(
      deps,
      context,
      deps.routes.of(id).map((route) => toggled(route, context.press.arg)),
    );
    await show(deps, context, { kind: "sources", worker: id }, said);
  }),
  rset: async (deps, context) => {
    const route = deps.routes.find(context.press.worker);
    const { arg } = context.press;
    if (!route) return await show(deps, context, { kind: "routes", worker: "" }, say("toast-stale"));
    const change = CHANGES[arg];
    if (change)
      return await show(deps, context, { kind: "route", route: route.id, sure: false }, save(deps, context, [change(route)]));
    const wish = WISHES[arg];
    if (wish) return await command(deps, context, route, wish);
    if (arg === "remove") return await show(deps, context, { kind: "route", route: route.id, sure: true });
    if (arg !== "gone") return await show(deps, context, { kind: "route", route: route.id, sure: false }, say("toast-stale"));
    deps.relay.remove(route.id);
    void deps.relay.flush();
    deps.audit.write(context.asker, say("audit-route-removed", { route: route.id }), route.from.worker, deps.clock.now());
    await show(deps, context, { kind: "routes", worker: route.from.worker }, say("toast-route-removed"));
  },
  rnew: withWorker((deps, context, { id }) => ask(deps, context, "route", id)),
} satisfies Record<string, Handler>;

/** Takes routes as they shall be; says what came of it. */
function save(deps: PressDeps, { asker }: PressContext, changed: readonly Route[]): Said {
  for (const route of changed) {
    const [problem] = deps.relay.put(route);
    if (problem) return say("toast-route-refused", { problem: problem.message });
    deps.audit.write(asker, say("audit-route", { route: route.id }), route.from.worker, deps.clock.now());
  }
  void deps.relay.flush();
  return say("toast-route-saved");
}

function toggled(route: Route, key: string): Route {
  const ref = route.from.chats.find((chat) => sourceKey(chat) === key);
  if (ref === undefined) return route;
  const paused = route.from.paused ?? [];
  const next = paused.includes(ref) ? paused.filter((each) => each !== ref) : [...paused, ref];
  return { ...route, from: { ...route.from, paused: next } };
}

async function command(deps: PressDeps, context: PressContext, route: Route, kind: Wish["kind"]): Promise<void> {
  const result = await deps.commands.relay(wishOf(route, kind), route.from.worker, context);
  if (deps.alertActions.isAlert(context.chat, context.message)) {
    await context.toast(toastOf(result));
    return await deps.alertActions.acted(context, result);
  }
  const screen =
    kind === "relay.dry" && result.kind === "sent"
      ? ({ kind: "dry", route: route.id, command: result.id } as const)
      : ({ kind: "route", route: route.id, sure: false } as const);
  await show(deps, context, screen, toastOf(result));
}

function wishOf(route: Route, kind: Wish["kind"]): RelayWish {
  if (kind === "relay.dry") return { kind, route };
  return kind === "relay.fill" ? { kind, route: route.id, last: 20 } : { kind, route: route.id };
}
