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
  const reason = barrier(ready, message, isOwnRelay);
  return reason === null ? judge(ready, [message]) : skip(reason);
}

/** Why a route does not even look at what a message says; null: its rule decides, of an album once it is whole. */
export function barrier({ route, chats }: ReadyRoute, message: SourceMessage, isOwnRelay = false): SkipReason | null {
  if (!route.on) return "off";
  if (!chats.has(message.chat) || isServiceChat(message.chat)) return "other-chat";
  if (route.from.topic !== undefined && route.from.topic !== (message.topic ?? GENERAL_TOPIC)) return "other-topic";
  if (isOwnRelay) return "own-relay";
  if (message.protected) return "protected";
  if (message.ephemeral) return "ephemeral";
  return message.text.trim() === "" && message.media === null ? "empty" : null;
}

/** What the rule of a route says of a message, or of all pieces of an album as of one. */
export function judge({ rule }: Pick<ReadyRoute, "rule">, pieces: readonly SourceMessage[]): MatchVerdict {
  const { sender = null, senderUsername = null } = pieces[0] ?? {};
  const text = pieces.flatMap((piece) => (piece.text === "" ? [] : [piece.text])).join("\n");
  const media = pieces.flatMap((piece) => piece.media ?? []);
  const verdict: RuleVerdict = rule({ text, media, sender, senderUsername });
  return verdict.matched ? { kind: "take", because: verdict.because } : skip("filtered");
}

/** Messages in their order, the pieces of an album together. */
export function inAlbums(messages: readonly SourceMessage[]): readonly (readonly SourceMessage[])[] {
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
