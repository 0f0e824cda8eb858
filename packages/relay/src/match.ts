import { GENERAL_TOPIC, isServiceChat, type Route, type SourceMessage } from "@flotilla/contracts";
import { compileRule, type Rule, type RuleVerdict } from "./rule.ts";

/** Why a route skips a message. `protected` and `ephemeral` are never bypassed (docs/safety.md). */
export type SkipReason =
  | "off"
  | "other-chat"
  | "other-topic"
  | "filtered"
  | "protected"
  | "ephemeral"
  | "empty"
  | "own-relay";

/** Decision of a route on a message. */
export type MatchVerdict =
  | { readonly kind: "take"; readonly because: readonly string[] }
  | { readonly kind: "skip"; readonly reason: SkipReason };

/** A route with compiled rule and resolved sources. */
export interface ReadyRoute {
  readonly route: Route;
  /** The compiled rule, for messages that were accepted before. */
  readonly rule: Rule;
  /** Sources that are not paused, as the route names them. */
  readonly names: readonly string[];
  /** Marked ids of the sources whose names are resolved. */
  readonly chats: ReadonlySet<string>;
}

/**
 * Compiles a route. `resolve` returns the marked id of a name, or null until it is known. Throws
 * AppError `bad-rule`.
 */
export function readyRoute(route: Route, resolve: (ref: string) => string | null): ReadyRoute {
  const paused = new Set(route.from.paused);
  const names = route.from.chats.filter((chat) => !paused.has(chat));
  const chats = names
    .map(resolve)
    .filter((chat) => chat !== null)
    .filter((chat) => !isServiceChat(chat));
  return { route, rule: compileRule(route.filter), names, chats: new Set(chats) };
}

/** Decides whether a route relays the message. `isOwnRelay` = a relay delivered it. */
export function matchRoute(
  ready: ReadyRoute,
  message: SourceMessage,
  isOwnRelay = false,
): MatchVerdict {
  const reason = barrier(ready, message, isOwnRelay);
  return reason === null ? judge(ready, [message]) : skip(reason);
}

/**
 * Why a route skips a message whatever its text; null = the rule decides, for an album when it is
 * complete.
 */
export function barrier(
  { route, chats }: ReadyRoute,
  message: SourceMessage,
  isOwnRelay = false,
): SkipReason | null {
  if (!route.on) return "off";
  if (!chats.has(message.chat) || isServiceChat(message.chat)) return "other-chat";
  if (route.from.topic !== undefined && route.from.topic !== (message.topic ?? GENERAL_TOPIC))
    return "other-topic";
  if (isOwnRelay) return "own-relay";
  if (message.protected) return "protected";
  if (message.ephemeral) return "ephemeral";
  if (message.text.trim() === "" && message.media === null) return "empty";
  return null;
}

/** Applies the rule of a route to a message, or to all pieces of an album as one. */
export function judge(
  { rule }: Pick<ReadyRoute, "rule">,
  pieces: readonly SourceMessage[],
): MatchVerdict {
  const { sender = null, senderUsername = null } = pieces[0] ?? {};
  const text = pieces.flatMap((piece) => (piece.text === "" ? [] : [piece.text])).join("\n");
  const media = pieces.flatMap((piece) => piece.media ?? []);
  const verdict: RuleVerdict = rule({ text, media, sender, senderUsername });
  if (verdict.matched) return { kind: "take", because: verdict.because };
  return skip("filtered");
}

/** Messages in order, with the pieces of an album grouped. */
export function inAlbums(
  messages: readonly SourceMessage[],
): readonly (readonly SourceMessage[])[] {
  const groups = new Map<string, SourceMessage[]>();
  for (const message of messages) {
    const key = `${message.chat}/${message.groupedId ?? `single ${message.id}`}`;
    groups.set(key, [...(groups.get(key) ?? []), message]);
  }
  return [...groups.values()];
}

function skip(reason: SkipReason): MatchVerdict {
  return { kind: "skip", reason };
}
