import type { DeliveryResult, Fault } from "@flotilla/contracts";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

/**
 * Errors about this one message; the target may take the next one. Whole families of Telegram's
 * errors (https://core.telegram.org/api/errors) are: media kinds that the chat forbids, and
 * everything about text, media, files, formatting or the message replied to.
 */
const PARTS_OF_MESSAGE = [
  "MESSAGE|MEDIA|MULTI_MEDIA|GROUPED_MEDIA|PHOTO|VIDEO|IMAGE|AUDIO|DOCUMENT|STICKER|GIF|WEBPAGE",
  "WC|EXTERNAL_URL|FILE|ENTITY|ENTITIES|REPLY|BUTTON|QUOTE|POLL|QUIZ|OPTION|TODO|TTL|CUSTOM_EMOJI",
  "EMOTICON|GAME|START_PARAM|CONTACT|GEO|EXPIRE|INPUT_TEXT|DICE|EFFECT|BROADCAST_PUBLIC_VOTERS",
];
const ABOUT_MESSAGE = new RegExp(
  [
    "^CHAT_SEND_[A-Z]+_FORBIDDEN$",
    "^(?:VOICE_MESSAGES_FORBIDDEN|CHAT_FORWARDS_RESTRICTED)$",
    `^(?:${PARTS_OF_MESSAGE.join("|")})_[A-Z0-9_]+$`,
    "^(?:protected-content|service-chat)$",
    "^file-(?:gone|too-large|elsewhere|missing)$",
  ].join("|"),
);

/**
 * Errors about the target: no other message would fare better. All errors of the bot, of webhooks
 * and of Flotilla itself are.
 */
const PARTS_OF_TARGET = [
  "CHANNEL|PEER|TOPIC|USER|USERNAME|INPUT_USER|SEND_AS",
  "CHAT_(?:WRITE|ADMIN|RESTRICTED|GUEST|ID|INVALID|FORBIDDEN|NOT)",
  "YOU_BLOCKED|YOUR_PRIVACY|PRIVACY|ALLOW_PAYMENT|RIGHT|PREMIUM",
];
const ABOUT_TARGET = new RegExp(`^(?:[^A-Z].*|(?:${PARTS_OF_TARGET.join("|")})(?:_.*)?)$`);

/** Whether an answer is certainly about the one message. */
export function isAboutMessage(code: string): boolean {
  return ABOUT_MESSAGE.test(code);
}

/**
 * Whether an error that stops a route is certainly about its target; otherwise the next message
 * decides.
 */
export function isAboutTarget(code: string): boolean {
  return ABOUT_TARGET.test(code);
}

/** Whether the target refused a part for the part's own sake: it took the part before. */
export function isAboutPart(result: DeliveryResult): boolean {
  return result.kind === "refused" || (result.kind === "blocked" && !isAboutTarget(result.code));
}

/**
 * Milliseconds that a sender without a connection asks its reader to wait; the reader's outbox
 * keeps the rows.
 */
const OFFLINE_MS = 5 * SECOND_MS;
/** Milliseconds between two tries on a target that refuses everything. */
export const BLOCKED_MS = 10 * MINUTE_MS;

/**
 * The result of a delivery that failed with `fault`. A flood wait counts in full plus one second; a
 * state of the network or the account does not count as an attempt; an error about the target stops
 * the route, an error about the message only the message.
 */
export function resultOfFault(fault: Fault, now: number): DeliveryResult {
  const reason = fault.message.slice(0, 300);
  const { code } = fault;
  if (fault.waitS !== undefined) return { ...parked((fault.waitS + 1) * SECOND_MS, now), reason };
  switch (fault.class) {
    case "NETWORK":
    case "TG_SERVER":
    case "SESSION_LOCKED":
    case "IN_USE":
    case "STUCK":
      return { ...parked(OFFLINE_MS, now), reason, code };
    case "FLOOD":
      return { ...parked(MINUTE_MS, now), reason };
    case "AUTH_DEAD":
    case "BANNED":
    case "LIMITED":
    case "DB_BROKEN":
    case "CONFIG":
      return { ...parked(MINUTE_MS, now), reason, code };
    case "SOURCE":
    case "REQUEST":
      if (isAboutMessage(code)) return { kind: "refused", code, reason };
      return { kind: "blocked", code, reason };
    default:
      return { kind: "failed", code, reason };
  }
}

/**
 * Makes a `parked` result. The wait is a duration, because clocks differ; `until` is for readers of
 * version 0.1.
 */
export function parked(
  waitMs: number,
  now: number,
): { readonly kind: "parked"; readonly waitMs: number; readonly until: number } {
  return { kind: "parked", waitMs, until: now + waitMs };
}

/** Next state of an outbox row after a try. */
export type AfterTry =
  | { readonly kind: "done" }
  /** The reader downloads the file first. */
  | { readonly kind: "fetch" }
  /** Set aside for an admin: [Retry] or [Drop]. */
  | { readonly kind: "poison"; readonly reason: string }
  /** The whole route waits, so that its order holds. */
  | {
      readonly kind: "wait";
      readonly waitMs: number;
      readonly attempts: number;
      readonly reason: string;
      readonly blocked: boolean;
      /** Null = the route resumes on its own. */
      readonly code: string | null;
    };

const RETRY_DELAYS_MS = [SECOND_MS, 5 * SECOND_MS, 20 * SECOND_MS, MINUTE_MS];

/**
 * Decides on an outbox row after a try. Pure; `attempts` counts the unexpected failures of this row
 * so far.
 */
export function afterTry(attempts: number, result: DeliveryResult, now: number): AfterTry {
  switch (result.kind) {
    case "done":
      return { kind: "done" };
    case "no-access":
      return { kind: "fetch" };
    case "refused":
      return { kind: "poison", reason: result.reason };
    case "parked": {
      // A sender of version 0.1 sends only `until`, by its own clock.
      const waitMs = result.waitMs ?? Math.min(Math.max(0, result.until - now), BLOCKED_MS);
      return {
        kind: "wait",
        waitMs,
        attempts,
        reason: result.reason,
        blocked: false,
        code: result.code ?? null,
      };
    }
    case "blocked":
      return {
        kind: "wait",
        waitMs: BLOCKED_MS,
        attempts,
        reason: result.reason,
        blocked: true,
        code: result.code,
      };
    case "failed": {
      const delayMs = RETRY_DELAYS_MS[attempts];
      if (delayMs === undefined) return { kind: "poison", reason: result.reason };
      return {
        kind: "wait",
        waitMs: delayMs,
        attempts: attempts + 1,
        reason: result.reason,
        blocked: false,
        code: null,
      };
    }
    default:
      return result satisfies never;
  }
}

/**
 * Estimated time at which the last of `waiting` deliveries is sent, in milliseconds since the
 * epoch; null when no estimate is possible.
 */
export function forecast(
  waiting: number,
  ratePerS: number,
  parkedUntil: number | null,
  now: number,
): number | null {
  if (waiting === 0) return null;
  const start = Math.max(parkedUntil ?? now, now);
  if (ratePerS > 0) return start + (waiting / ratePerS) * SECOND_MS;
  return parkedUntil;
}

/**
 * The value below which `share` (0 to 1) of the values lie, by nearest rank; null without values.
 */
export function percentile(values: readonly number[], share: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}
