import { ChatRef, Route, type RouteTarget } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";

/** A route from the three lines that an admin sends, off until its switch is pressed; null when they cannot be read. */
export function routeFromText(reader: WorkerId, text: string, taken: readonly string[]): Route | null {
  const [sources = "", target = "", filter = ""] = text.split("\n").map((line) => line.trim());
  const chats = sources.split(/[\s,]+/).filter(Boolean);
  const to = targetFrom(reader, target);
  if (chats.length === 0 || !chats.every((chat) => ChatRef.safeParse(chat).success) || to === null) return null;
  const route = { id: freeName(chats[0] ?? "", taken), on: false, from: { worker: reader, chats }, filter, to };
  return Route.safeParse(route).data ?? null;
}

/** `@chat`, `bot @chat`, `<worker> @chat`, or the address of a webhook. */
function targetFrom(reader: WorkerId, line: string): RouteTarget | null {
  const [first = "", second] = line.split(/\s+/);
  if (/^https?:/.test(first)) return { kind: "webhook", url: first };
  if (second === undefined) return first === "" ? null : { kind: "worker", worker: reader, chat: first };
  return first === "bot" ? { kind: "bot", chat: second } : { kind: "worker", worker: first as WorkerId, chat: second };
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
