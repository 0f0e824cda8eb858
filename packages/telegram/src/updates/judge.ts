import { classify } from "../wire/classify.ts";
import { lostReason } from "../wire/fault.ts";
import type { Verdict } from "./model.ts";

/** The channel refuses this account; no other box is affected. */
const CLOSED: ReadonlySet<string> = new Set([
  "CHANNEL_PRIVATE",
  "CHANNEL_INVALID",
  "CHANNEL_PUBLIC_GROUP_NA",
  "CHAT_FORBIDDEN",
  "CHAT_ID_INVALID",
  "USER_BANNED_IN_CHANNEL",
]);
const STALE: ReadonlySet<string> = new Set([
  "PERSISTENT_TIMESTAMP_INVALID",
  "PERSISTENT_TIMESTAMP_EMPTY",
]);
/** These end the connection: the session is over, or the store fails. */
const FATAL: ReadonlySet<string> = new Set([
  "AUTH_DEAD",
  "BANNED",
  "CONFIG",
  "DB_BROKEN",
  "SESSION_LOCKED",
  "IN_USE",
]);

/**
 * Meaning of a refused request for updates (https://core.telegram.org/api/updates,
 * docs/updates.md).
 */
export function judge(error: unknown): Verdict {
  if (lostReason(error) !== null) return { kind: "fatal" };
  const fault = classify(error);
  if (CLOSED.has(fault.code)) return { kind: "closed", reason: fault.code };
  if (STALE.has(fault.code)) return { kind: "stale" };
  if (fault.code === "unknown-constructor") return { kind: "undecodable" };
  // A frozen account may still read its updates
  // (https://core.telegram.org/api/auth#frozen-accounts).
  if (fault.code.startsWith("FROZEN_")) return { kind: "refused", reason: fault.code };
  // This session cannot address the chat; no other chat is affected.
  if (fault.code === "unknown-peer") return { kind: "refused", reason: "UNKNOWN_PEER" };
  if (FATAL.has(fault.class)) return { kind: "fatal" };
  if (fault.class === "REQUEST") return { kind: "refused", reason: fault.code };
  return { kind: "later", waitMs: fault.waitS === undefined ? null : (fault.waitS + 1) * 1000 };
}

/** Why a chat is left out, as Telegram says it. */
export function reasonOf(verdict: Verdict): string {
  return "reason" in verdict ? verdict.reason : verdict.kind.toUpperCase();
}
