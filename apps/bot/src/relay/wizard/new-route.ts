import { Route, type RouteTarget } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import { typedChat } from "./chat-refs.ts";

/**
 * A route from the three lines that an admin sends, off until its switch is pressed; null when they
 * cannot be read.
 */
export function routeFromText(
  reader: WorkerId,
  text: string,
  taken: readonly string[],
): Route | null {
  const [sources = "", target = "", filter = ""] = text.split("\n").map((line) => line.trim());
  const words = sources.split(/[\s,;]+/).filter(Boolean);
  const typed = words.flatMap((word) => typedChat(word) ?? []);
  const chats = [...new Map(typed.map(({ ref }) => [ref.toLowerCase(), ref])).values()];
  const to = targetFrom(reader, target);
  if (chats.length === 0 || typed.length < words.length || to === null) return null;
  const topic = chats.length === 1 ? (typed[0]?.topic ?? null) : null;
  const from = { worker: reader, chats, ...(topic === null ? {} : { topic }) };
  const route = { id: freeName(chats[0] ?? "", taken), on: false, from, filter, to };
  return Route.safeParse(route).data ?? null;
}

/**
 * `@chat`, `bot @chat`, `<worker> @chat`, or the address of a webhook. A link to a chat is the
 * chat.
 */
function targetFrom(reader: WorkerId, line: string): RouteTarget | null {
  const [first = "", second] = line.split(/\s+/);
  const typed = typedChat(second ?? first);
  if (!typed)
    return /^https?:/.test(first) && second === undefined ? { kind: "webhook", url: first } : null;
  const place = { chat: typed.ref, ...(typed.topic === null ? {} : { topic: typed.topic }) };
  if (second === undefined) return { kind: "worker", worker: reader, ...place };
  return first.toLowerCase() === "bot"
    ? { kind: "bot", ...place }
    : { kind: "worker", worker: first.toLowerCase() as WorkerId, ...place };
}

/** A name from that of the source, with a number when it is taken. */
function freeName(source: string, taken: readonly string[]): string {
  const bare = source.toLowerCase().replace(/[^a-z0-9_]/g, "");
  const base = (/^[a-z]/.test(bare) ? bare : `route_${bare}`).slice(0, 28);
  for (let n = 1; ; n++) {
    const name = n === 1 ? base : `${base}_${n}`;
    if (!taken.includes(name)) return name;
  }
}
