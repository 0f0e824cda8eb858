import { GENERAL_TOPIC, isServiceChat, type Route, type SourceMessage } from "@flotilla/contracts";
import { compileRule, type Rule, type RuleVerdict } from "./rule.ts";

/** Why a message of a source is not relayed. `protected` and `ephemeral` are never bypassed (docs/safety.md). */
export type SkipReason = "off" | "other-chat" | "other-topic" | "filtered" | "protected" | "ephemeral" | "empty" | "own-relay";

/** What a route does with a message. */
export type MatchVerdict =
  | { readonly kind: "take"; readonly because: readonly string[] }
  | { readonly kind: "skip"; readonly reason: SkipReason };

/** A route that is ready to be asked. */
export interface ReadyRoute {
  readonly route: Route;
  /** The rule alone, for what was taken before. */
  readonly rule: Rule;
  /** The sources that are not paused, as the route names them. */
  readonly names: readonly string[];
  /** Their marked ids, as far as the names could be resolved. */
  readonly chats: ReadonlySet<string>;
}

/** Makes a route ready. `resolve` gives the marked id of a name, or null while it is not known. Throws AppError `bad-rule`. */
export function readyRoute(route: Route, resolve: (ref: string) => string | null): ReadyRoute {
  const paused = new Set(route.from.paused);
  const names = route.from.chats.filter((chat) => !paused.has(chat));
  const chats = names
    .map(resolve)
    .filter((chat) => chat !== null)
    .filter((chat) => !isServiceChat(chat));
  return { route, rule: compileRule(route.filter), names, chats: new Set(chats) };
}

/** Does this route take the message? `isOwnRelay`: it was delivered by a relay itself. */
export function matchRoute(ready: ReadyRoute, message: SourceMessage, isOwnRelay = false): MatchVerdict {
  const { route, rule, chats, names } = ready;
  if (!route.on) return skip("off");
  const isSource = chats.has(message.chat) || names.includes(message.chat) || hasName(names, message.chatUsername);
  if (!isSource || isServiceChat(message.chat)) return skip("other-chat");
  if (route.from.topic !== undefined && route.from.topic !== (message.topic ?? GENERAL_TOPIC)) return skip("other-topic");
  if (isOwnRelay) return skip("own-relay");
  if (message.protected) return skip("protected");
  if (message.ephemeral) return skip("ephemeral");
  if (message.text.trim() === "" && message.media === null) return skip("empty");
  const verdict: RuleVerdict = rule(message);
  return verdict.matched ? { kind: "take", because: verdict.because } : skip("filtered");
}

function skip(reason: SkipReason): MatchVerdict {
  return { kind: "skip", reason };
}

function hasName(names: readonly string[], username: string | null): boolean {
  if (username === null) return false;
  const wanted = `@${username}`.toLowerCase();
  return names.some((name) => name.toLowerCase() === wanted);
}
