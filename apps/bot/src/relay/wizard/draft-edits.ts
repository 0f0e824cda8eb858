import {
  type KnownTopic,
  Route,
  type RouteAction,
  RouteId,
  RouteTarget,
} from "@flotilla/contracts";
import { cleanPaste } from "@flotilla/kernel";
import { validateRoutes } from "@flotilla/relay";
import { type Said, say } from "../../kit/words/said.ts";
import { routeProblem } from "../route-problem.ts";
import { isInvitation, typedChat } from "./chat-refs.ts";
import type { Draft, Picked } from "./route-draft.ts";

/**
 * What an answer did to the draft. `done`: its step is over; a problem leaves everything as it was.
 */
export type Edit =
  | { readonly change: Partial<Draft>; readonly done: boolean; readonly note?: Said }
  | { readonly problem: Said };

const done = (change: Partial<Draft>): Edit => ({ change, done: true });
const stay = (change: Partial<Draft>): Edit => ({ change, done: false });
const wrong = (key: string, args: Said["args"] = {}): Edit => ({ problem: say(key, args) });

/** Filters that have a button. */
export const FILTERS: Readonly<Record<string, string>> = {
  all: "",
  seen: "media:photo,video,animation",
  files: "media:document,audio,voice",
  said: "media:none",
};

/** A name that no route has yet. */
export function proposedName(taken: readonly string[]): string {
  for (let n = 1; ; n++) if (!taken.includes(`route_${n}`)) return `route_${n}`;
}

/** A name for a route, as it was typed: blanks around it and capital letters do not matter. */
export function named(text: string, taken: readonly string[]): Edit {
  const id = RouteId.safeParse(text.trim().toLowerCase());
  if (!id.success) return wrong("rwiz-bad-name");
  return taken.includes(id.data)
    ? wrong("rwiz-name-taken", { name: id.data })
    : done({ id: id.data });
}

/** Names are the same in small and large letters. */
function isSame(a: { readonly ref: string }, b: { readonly ref: string }): boolean {
  return a.ref.toLowerCase() === b.ref.toLowerCase();
}

/** Adds a source, or takes it out again. */
export function toggled({ chats }: Draft, picked: Picked): Edit {
  const others = chats.filter((each) => !isSame(each, picked));
  if (others.length < chats.length) return stay({ chats: others, topic: null });
  return chats.length >= 50
    ? wrong("rwiz-many-chats")
    : stay({ chats: [...chats, picked], topic: null });
}

/** Sources that were typed: names, numbers, links, with commas or blanks between them. */
export function typedSources({ chats }: Draft, text: string, known: (ref: string) => Picked): Edit {
  const words = text.split(/[\s,;]+/).filter(Boolean);
  const typed = words.map(typedChat);
  const bad = words.find((_, index) => !typed[index] || typed[index].ref === "me");
  if (bad !== undefined || words.length === 0) return { problem: noChat(bad ?? text) };
  const found = typed
    .filter((each) => each !== null)
    .map(({ ref, topic }) => (topic === null ? known(ref) : { ...known(ref), forum: true }));
  const added = found.filter(
    (each, at) => ![...chats, ...found.slice(0, at)].some((chat) => isSame(chat, each)),
  );
  if (chats.length + added.length > 50) return wrong("rwiz-many-chats");
  const [only] = chats.length + added.length === 1 ? typed : [];
  return stay({ chats: [...chats, ...added], topic: only?.topic ?? null, page: 0 });
}

/** What is wrong with a text that names no chat. */
export function noChat(text: string): Said {
  return isInvitation(text)
    ? say("rwiz-invitation")
    : say("rwiz-bad-chat", { chat: text.slice(0, 64) });
}

/**
 * The number of a topic, or a link to it or to a message in it. A link with one number can lead to
 * a message, too: where the topics are known (null = they are not), it has to be one of them.
 */
export function typedTopic(text: string, topics: readonly KnownTopic[] | null): number | null {
  const number = cleanPaste(text).replace(/^#/, "");
  const link = typedChat(text);
  const alone =
    topics === null || topics.some((each) => each.id === link?.number) ? link?.number : undefined;
  const id = /^\d{1,10}$/.test(number) ? Number(number) : (link?.topic ?? alone ?? null);
  return id !== null && id > 0 && id < 2 ** 31 ? id : null;
}

/** A filter in the language of the route file; it is refused with the words of the rules. */
export function filtered(text: string): Edit {
  if (text.length > 500) return wrong("rwiz-long-filter");
  return refusedPart({ filter: text }) ?? done({ filter: text });
}

/** `forward`, or a copy by a template. What the target cannot do any more is asked again. */
export function acting(draft: Draft, action: RouteAction): Edit {
  if (action.kind === "copy" && action.template.length > 1000) return wrong("rwiz-long-template");
  const refused = action.kind === "copy" ? refusedPart({ action }) : null;
  const fits = action.kind === "copy" || draft.kind === null || draft.kind === "worker";
  const again = fits ? {} : { complete: false, kind: null, target: null, into: null, url: null };
  return refused ?? done({ action, ...again });
}

/** What the rules have against this part of a route, whatever the rest will be. */
function refusedPart(part: Partial<Pick<Route, "filter" | "action">>): Edit | null {
  const rest = { id: "x", from: { worker: "x", chats: ["-1"] }, to: { kind: "bot", chat: "-2" } };
  const [problem] = validateRoutes([Route.parse({ ...rest, ...part })]);
  return problem ? { problem: routeProblem(problem) } : null;
}

/** Where a webhook is. */
export function hooked(text: string): Edit {
  const to = RouteTarget.safeParse({ kind: "webhook", url: text });
  return to.success ? done({ url: text }) : wrong("rwiz-bad-url");
}
