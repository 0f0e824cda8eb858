import type { RelayStatus, Route } from "@flotilla/contracts";
import type { HostId } from "@flotilla/kernel";
import { type Said, say } from "../kit/words/said.ts";
import type { AlertBody } from "./alert-body.ts";
import { type RouteTrouble, routeTroubles } from "./route-trouble.ts";
import type { Condition, Sight } from "./watch.ts";

/** All routes, and what their readers last said. */
export interface RelaySight {
  readonly routes: readonly Route[];
  readonly readers: readonly RelayStatus[];
}

const FAMILIES = {
  poison: "poison",
  "unknown-chat": "unknown",
  "route-blocked": "route",
  sender: "sender",
} as const;

/** Is this subject one of {@link routeConditions}? */
export function isRouteSubject(subject: string): boolean {
  return Object.values(FAMILIES).some((family) => subject.startsWith(`${family}:`));
}

/**
 * Whether anything is known of the route that an alert is about; while it is not, what is open
 * stays. One that is gone has no trouble.
 */
export function tellsOfRoute({ routes, readers }: RelaySight, subject: string): boolean {
  const id = subject.slice(subject.indexOf(":") + 1);
  const route = routes.find((each) => each.id === id);
  return !route || readers.some(({ worker }) => worker === route.from.worker);
}

/** Why a route that has no trouble any more has none. */
export function routeEnd({ routes }: RelaySight, subject: string): Said {
  const id = subject.slice(subject.indexOf(":") + 1);
  const route = routes.find((each) => each.id === id);
  if (!route) return say("solved-route-gone");
  return say(route.on ? "solved-itself" : "solved-route-off");
}

/** Messages that were set aside, and routes that cannot deliver. */
export function routeConditions(
  { routes, readers }: RelaySight,
  sight: Pick<Sight, "now" | "statuses" | "host">,
): Condition[] {
  return routes.flatMap((route) => {
    const status = readers
      .find(({ worker }) => worker === route.from.worker)
      ?.routes.find((each) => each.route === route.id);
    if (!status) return [];
    return routeTroubles(route, status, sight.now).map((trouble) => {
      const host =
        sight.statuses.find(({ worker }) => worker === trouble.worker)?.host ?? sight.host;
      return condition(route, trouble, host, status.waiting);
    });
  });
}

function condition(route: Route, trouble: RouteTrouble, host: HostId, waiting: number): Condition {
  const { kind, worker } = trouble;
  const base = { kind, worker, host, times: 1, route: route.id, action: null };
  const subject = `${FAMILIES[kind]}:${route.id}`;
  if (kind === "poison") {
    const { count, reason } = trouble;
    const details = [say("alert-poison-why", { reason }), say("alert-poison-do")];
    const title = say("alert-poison", { route: route.id, count });
    return { subject, body: { ...base, title, details, buttons: ["route"] } };
  }
  if (kind === "unknown-chat") {
    const { chats, meant } = trouble;
    const details = [
      meant === null
        ? say("alert-unknown-chat-do", { worker })
        : say("alert-unknown-chat-meant", { meant }),
    ];
    const title = say("alert-unknown-chat", { route: route.id, worker, chats });
    return { subject, body: { ...base, title, details, buttons: ["route", "worker"] } };
  }
  const title = say(`alert-${kind}`, {
    route: route.id,
    target: placeOf(route),
    worker,
    code: trouble.code,
  });
  const buttons: AlertBody["buttons"] =
    trouble.remedy === "limited" ? ["resume", "route", "worker"] : ["route", "log", "worker"];
  return { subject, body: { ...base, title, details: details(trouble, waiting), buttons } };
}

function details(
  { remedy, worker, code }: Extract<RouteTrouble, { remedy: unknown }>,
  waiting: number,
): Said[] {
  return [
    say(`alert-route-${remedy}`, { worker, code }),
    say("alert-route-waiting", { some: waiting > 1 ? 1 : 0 }),
  ];
}

function placeOf({ to }: Route): string {
  return to.kind === "webhook" ? new URL(to.url).host : to.chat;
}
