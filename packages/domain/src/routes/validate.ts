import { GENERAL_TOPIC, MAX_TARGETS_PER_WORKER, type Route } from "@flotilla/contracts";
import { AppError, toError } from "@flotilla/kernel";
import { targetKey } from "./random-id.ts";
import { compileRule } from "./rule.ts";
import { parseTemplate } from "./template.ts";

/** Something that is wrong with one route, in words for people. */
export interface RouteProblem {
  readonly route: string;
  readonly field: "id" | "from" | "filter" | "action" | "to";
  readonly message: string;
  /** What it is, and what it is about, for words in other languages. */
  readonly code: string;
  readonly about: Readonly<Record<string, string | number>>;
}

/** A chat is known by number and by name: the number, if it was ever learned. */
export type ResolveChat = (ref: string) => string;

/**
 * Everything that is wrong with a set of routes; empty = it can be used. Pure: `resolve` says which names mean the same chat,
 * `counts` which routes make a loop (absent: all).
 */
export function validateRoutes(
  routes: readonly Route[],
  resolve: ResolveChat = (ref) => ref,
  counts: (route: Route) => boolean = () => true,
): RouteProblem[] {
  const canonical: ResolveChat = (ref) => resolve(ref).toLowerCase();
  return [
    ...duplicates(routes),
    ...routes.flatMap((route) => [...ownProblems(route)]),
    ...tooManyTargets(routes),
    ...loops(routes.filter(counts), canonical),
  ];
}

function duplicates(routes: readonly Route[]): RouteProblem[] {
  const seen = new Set<string>();
  return routes.flatMap(({ id }) => {
    if (!seen.has(id)) {
      seen.add(id);
      return [];
    }
    return [
      { route: id, field: "id", message: "Two routes have this name.", code: "duplicate", about: { route: id } } as const,
    ];
  });
}

function* ownProblems(route: Route): Generator<RouteProblem> {
  const { id, action, to, from } = route;
  yield* attempt(id, "filter", () => compileRule(route.filter));
  if (action.kind === "copy") yield* attempt(id, "action", () => parseTemplate(action.template));
  const about = { worker: from.worker };
  if (from.chats.includes("me"))
    yield { route: id, field: "from", message: "Saved Messages cannot be a source.", code: "saved", about };
  if (to.kind === "worker" && /^[0-9]/.test(to.chat)) {
    const message = "A worker delivers to channels, groups and its own Saved Messages (me), never to a person.";
    yield { route: id, field: "to", message, code: "person", about };
  }
  if (to.kind === "bot" && to.chat === "me")
    yield { route: id, field: "to", message: "A bot has no Saved Messages: name a chat.", code: "bot-saved", about };
  if (action.kind === "forward" && to.kind !== "worker") {
    const message = "Only a worker can forward; use copy for a bot or a webhook.";
    yield { route: id, field: "action", message, code: "forward", about };
  }
  const otherAccount = to.kind === "worker" && to.worker !== from.worker;
  if (action.kind === "forward" && otherAccount && from.chats.some((chat) => /^(?:[0-9]|-(?!100))/.test(chat))) {
    const message = "Private chats and small groups can be forwarded by their own worker only; use copy.";
    yield { route: id, field: "action", message, code: "forward-private", about };
  }
}

function* attempt(route: string, field: RouteProblem["field"], work: () => unknown): Generator<RouteProblem> {
  try {
    work();
  } catch (error) {
    const { code, details } = error instanceof AppError ? error : { code: "other", details: {} };
    const about = Object.fromEntries(
      Object.entries(details).map(([name, value]) => [name, typeof value === "number" ? value : String(value)]),
    );
    yield { route, field, message: toError(error).message, code: code === "bad-rule" ? `rule-${about["why"]}` : code, about };
  }
}

function tooManyTargets(routes: readonly Route[]): RouteProblem[] {
  const targets = new Map<string, Set<string>>();
  return routes.flatMap(({ id, to }) => {
    if (to.kind !== "worker") return [];
    const known = targets.get(to.worker) ?? new Set();
    targets.set(to.worker, known);
    const full = known.size >= MAX_TARGETS_PER_WORKER && !known.has(targetKey(to));
    known.add(targetKey(to));
    const message = `${to.worker} would deliver to more than ${MAX_TARGETS_PER_WORKER} chats.`;
    const about = { worker: to.worker, count: MAX_TARGETS_PER_WORKER };
    return full ? [{ route: id, field: "to", message, code: "targets", about } as const] : [];
  });
}

/** Routes that lead back to themselves, by what is known of their chats by now. */
export function findLoops(routes: readonly Route[], resolve: ResolveChat): RouteProblem[] {
  return loops(routes, (ref) => resolve(ref).toLowerCase());
}

/** A route whose target leads back, over any number of routes, to one of its sources would relay for ever. */
function loops(routes: readonly Route[], canonical: ResolveChat): RouteProblem[] {
  const readers = new Map<string, Route[]>();
  for (const route of routes)
    for (const chat of new Set(route.from.chats.map(canonical))) readers.set(chat, [...(readers.get(chat) ?? []), route]);
  const fed = (by: Route): readonly Route[] => {
    if (by.to.kind === "webhook" || by.to.chat === "me") return [];
    const { chat, topic = GENERAL_TOPIC } = by.to;
    return (readers.get(canonical(chat)) ?? []).filter(({ from }) => from.topic === undefined || from.topic === topic);
  };
  return routes.flatMap((route) => {
    const reached = new Set(fed(route));
    for (const next of reached) for (const further of fed(next)) reached.add(further);
    if (!reached.has(route) || route.to.kind === "webhook") return [];
    const targets = new Set([route, ...reached].flatMap(({ to }) => (to.kind === "webhook" ? [] : [canonical(to.chat)])));
    const back = route.from.chats.find((chat) => targets.has(canonical(chat))) ?? "";
    const message = `What is delivered to ${route.to.chat} would come back to ${back}: a loop.`;
    return [{ route: route.id, field: "to", message, code: "loop", about: { to: route.to.chat, back } } as const];
  });
}
