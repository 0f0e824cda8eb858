import {
  GENERAL_TOPIC,
  isServiceChat,
  MAX_TARGETS_PER_WORKER,
  type Route,
} from "@flotilla/contracts";
import { AppError, bareChannel, toError } from "@flotilla/kernel";
import { type KnownChats, NOTHING_KNOWN } from "./known-chats.ts";
import { targetKey } from "./random-id.ts";
import { compileRule } from "./rule.ts";
import { parseTemplate } from "./template.ts";

/** A problem of one route, in words for people. */
export interface RouteProblem {
  readonly route: string;
  readonly field: "id" | "from" | "filter" | "action" | "to";
  readonly message: string;
  /** The kind of problem and what it concerns, for translated messages. */
  readonly code: string;
  readonly about: Readonly<Record<string, string | number>>;
}

/**
 * All problems of a set of routes; empty = usable. Pure. `chats` is what readers know of chats;
 * `counts` selects the routes that may do harm as they stand (absent = all).
 */
export function validateRoutes(
  routes: readonly Route[],
  chats: KnownChats = NOTHING_KNOWN,
  counts: (route: Route) => boolean = () => true,
): RouteProblem[] {
  return [
    ...duplicates(routes),
    ...routes.flatMap((route) => [...ownProblems(route)]),
    ...tooManyTargets(routes),
    ...findHarmful(routes.filter(counts), chats),
  ];
}

/**
 * Routes that must not run, because by the current knowledge of their chats they read a service
 * chat or lead back to themselves.
 */
export function findHarmful(routes: readonly Route[], chats: KnownChats): RouteProblem[] {
  return [...routes.flatMap((route) => [...serviceChats(route, chats)]), ...loops(routes, chats)];
}

function duplicates(routes: readonly Route[]): RouteProblem[] {
  const seen = new Set<string>();
  return routes.flatMap(({ id }) => {
    if (!seen.has(id)) {
      seen.add(id);
      return [];
    }
    return [
      {
        route: id,
        field: "id",
        message: "Two routes have this name.",
        code: "duplicate",
        about: { route: id },
      } as const,
    ];
  });
}

function* ownProblems(route: Route): Generator<RouteProblem> {
  const { id, action, to, from } = route;
  yield* attempt(id, "filter", () => compileRule(route.filter));
  if (action.kind === "copy") yield* attempt(id, "action", () => parseTemplate(action.template));
  const about = { worker: from.worker };
  if (from.chats.includes("me"))
    yield {
      route: id,
      field: "from",
      message: "Saved Messages cannot be a source.",
      code: "saved",
      about,
    };
  if (to.kind === "worker" && /^[0-9]/.test(to.chat)) {
    const message =
      "A worker delivers to channels, groups and its own Saved Messages (me), never to a person.";
    yield { route: id, field: "to", message, code: "person", about };
  }
  if (to.kind === "bot" && to.chat === "me")
    yield {
      route: id,
      field: "to",
      message: "A bot has no Saved Messages: name a chat.",
      code: "bot-saved",
      about,
    };
  if (action.kind === "forward" && to.kind !== "worker") {
    const message = "Only a worker can forward; use copy for a bot or a webhook.";
    yield { route: id, field: "action", message, code: "forward", about };
  }
  const otherAccount = to.kind === "worker" && to.worker !== from.worker;
  if (
    action.kind === "forward" &&
    otherAccount &&
    from.chats.some((chat) => /^-?[0-9]/.test(chat) && bareChannel(chat) === null)
  ) {
    const message =
      "Private chats and small groups can be forwarded by their own worker only; use copy.";
    yield { route: id, field: "action", message, code: "forward-private", about };
  }
}

/** Login codes arrive there: Telegram cancels a code that is passed on. */
function* serviceChats({ id, from, to }: Route, { idOf }: KnownChats): Generator<RouteProblem> {
  const isService = (ref: string): boolean => isServiceChat(ref) || isServiceChat(idOf(ref));
  const problem = (field: "from" | "to", chat: string): RouteProblem => ({
    route: id,
    field,
    message:
      `${chat} is a service chat of Telegram: login codes come from there, and Telegram cancels ` +
      "a code that is passed on.",
    code: "service-chat",
    about: { chat },
  });
  for (const chat of from.chats) if (isService(chat)) yield problem("from", chat);
  if (to.kind !== "webhook" && isService(to.chat)) yield problem("to", to.chat);
}

function* attempt(
  route: string,
  field: RouteProblem["field"],
  work: () => unknown,
): Generator<RouteProblem> {
  try {
    work();
  } catch (error) {
    const { code, details } = error instanceof AppError ? error : { code: "other", details: {} };
    const about = Object.fromEntries(
      Object.entries(details).map(([name, value]) => [
        name,
        typeof value === "number" ? value : String(value),
      ]),
    );
    yield {
      route,
      field,
      message: toError(error).message,
      code: code === "bad-rule" ? `rule-${about["why"]}` : code,
      about,
    };
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
    if (full) return [{ route: id, field: "to", message, code: "targets", about } as const];
    return [];
  });
}

/**
 * A route whose target leads back to one of its sources, over any number of routes, would relay
 * without end.
 */
function loops(routes: readonly Route[], chats: KnownChats): RouteProblem[] {
  const canonical = (ref: string): string => chats.idOf(ref).toLowerCase();
  const readers = new Map<string, Route[]>();
  for (const route of routes)
    for (const chat of new Set(route.from.chats.map(canonical)))
      readers.set(chat, [...(readers.get(chat) ?? []), route]);
  const reading = (chat: string, topic: number): readonly Route[] =>
    (readers.get(chat) ?? []).filter(
      ({ from }) => from.topic === undefined || from.topic === topic,
    );
  // A route writes into its target, and Telegram copies from there into the discussion group.
  const landing = ({ to }: Route): readonly { readonly chat: string; readonly topic: number }[] => {
    if (to.kind === "webhook" || to.chat === "me") return [];
    const chat = canonical(to.chat);
    const copies = chats.copiesTo(chat).map((group) => ({ chat: group, topic: GENERAL_TOPIC }));
    return [{ chat, topic: to.topic ?? GENERAL_TOPIC }, ...copies];
  };
  const fed = (by: Route): readonly Route[] =>
    landing(by).flatMap(({ chat, topic }) => reading(chat, topic));
  return routes.flatMap((route) => {
    const reached = new Set(fed(route));
    for (const next of reached) for (const further of fed(next)) reached.add(further);
    if (!reached.has(route) || route.to.kind === "webhook") return [];
    const places = new Set(
      [route, ...reached].flatMap((each) => landing(each).map(({ chat }) => chat)),
    );
    const back = route.from.chats.find((chat) => places.has(canonical(chat))) ?? "";
    const message = `What is delivered to ${route.to.chat} would come back to ${back}: a loop.`;
    return [
      {
        route: route.id,
        field: "to",
        message,
        code: "loop",
        about: { to: route.to.chat, back },
      } as const,
    ];
  });
}
