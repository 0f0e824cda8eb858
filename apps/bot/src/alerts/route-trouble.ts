import type { Route, RouteStatus } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";

/** What a person can do about a route that does not deliver: which words the alert has. */
export type RouteRemedy =
  | "rights"
  | "access"
  | "limited"
  | "topic"
  | "loop"
  | "name"
  | "webhook"
  | "sender"
  | "other";

/**
 * One thing that keeps a route from delivering. `worker` is whom it concerns: the one with the
 * buttons that help.
 */
export type RouteTrouble =
  | {
      readonly kind: "poison";
      readonly worker: WorkerId;
      readonly count: number;
      readonly reason: string;
    }
  /**
   * Sources that are no chat of the reader's account; `meant`: the numbers that were probably
   * meant, where all are known.
   */
  | {
      readonly kind: "unknown-chat";
      readonly worker: WorkerId;
      readonly chats: string;
      readonly meant: string | null;
    }
  | {
      readonly kind: "route-blocked" | "sender";
      readonly worker: WorkerId;
      readonly code: string;
      readonly remedy: RouteRemedy;
      readonly since: number;
    };

/** A sender that restarts or reconnects is back by then, without an alert. */
const SENDER_PATIENCE_MS = 60_000;

const REMEDIES: readonly (readonly [RegExp, RouteRemedy])[] = [
  [/^(?:PEER_FLOOD|sending-stopped|USER_RESTRICTED|FROZEN_)/, "limited"],
  [/TOPIC/, "topic"],
  [/^loop$/, "loop"],
  [/^name-moved$/, "name"],
  [/^(?:CHANNEL_(?:PRIVATE|INVALID)|CHAT_(?:ID_)?INVALID|PEER_ID_INVALID)/, "access"],
  [/^(?:USERNAME_|USER_NOT_PARTICIPANT|unknown-peer$)/, "access"],
  [/^(?:CHAT_|USER_BANNED_IN_CHANNEL|40[03]$)/, "rights"],
  [/^http-/, "webhook"],
];

/**
 * What is wrong with one route, by what its reader last said. Pure; nothing is wrong with one that
 * is off but what was set aside.
 */
export function routeTroubles(route: Route, status: RouteStatus, now: number): RouteTrouble[] {
  const reader = route.from.worker;
  const found: RouteTrouble[] = [];
  if (status.poison > 0)
    found.push({
      kind: "poison",
      worker: reader,
      count: status.poison,
      reason: status.poisonReason ?? "?",
    });
  if (route.on && status.unknownChats.length > 0)
    found.push(unknownChats(reader, status.unknownChats));
  const { stuck } = status;
  if (!stuck || !route.on || (status.waiting === 0 && stuck.code !== "name-moved")) return found;
  const { code, since } = stuck;
  const worker = route.to.kind === "worker" ? route.to.worker : reader;
  const remedy = stuck.kind === "silent" ? "sender" : remedyOf(code);
  if (stuck.kind === "blocked") found.push({ kind: "route-blocked", worker, code, remedy, since });
  else if (remedy === "limited" || now - since >= SENDER_PATIENCE_MS)
    found.push({
      kind: "sender",
      worker,
      code,
      remedy: remedy === "limited" ? remedy : "sender",
      since,
    });
  return found;
}

/** `ref → meant` is how a reader tells of a number with a better one. */
function unknownChats(worker: WorkerId, told: readonly string[]): RouteTrouble {
  const parts = told.map((each) => each.split(" → "));
  const meant = parts.flatMap(([, number]) => number ?? []);
  if (meant.length < parts.length)
    return { kind: "unknown-chat", worker, chats: told.join(", "), meant: null };
  return {
    kind: "unknown-chat",
    worker,
    chats: parts.map(([ref]) => ref).join(", "),
    meant: meant.join(", "),
  };
}

function remedyOf(code: string): RouteRemedy {
  return REMEDIES.find(([pattern]) => pattern.test(code))?.[1] ?? "other";
}
