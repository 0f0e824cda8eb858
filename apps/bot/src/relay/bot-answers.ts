import type { DeliveryResult } from "@flotilla/contracts";
import { AppError } from "@flotilla/kernel";
import { isAboutMessage, parked } from "@flotilla/relay";
import { GrammyError, HttpError } from "grammy";
import { sendProblem } from "../kit/chat/bot-errors.ts";

const RETRY_MS = 5000;

/**
 * The number that the target has now, when it became a supergroup
 * (https://core.telegram.org/bots/api#responseparameters).
 */
export function becameOf(error: unknown): string | null {
  return error instanceof GrammyError
    ? (error.parameters.migrate_to_chat_id?.toString() ?? null)
    : null;
}

/** What the Bot API's answer to a delivery means for it. */
export function resultOf(error: unknown, now: number): DeliveryResult {
  if (error instanceof AppError)
    return { kind: "refused", code: error.code, reason: error.message };
  if (error instanceof HttpError)
    return { ...parked(RETRY_MS, now), reason: "The Bot API cannot be reached." };
  if (!(error instanceof GrammyError))
    return { kind: "failed", code: "unexpected", reason: String(error).slice(0, 300) };
  const reason = error.description.slice(0, 300);
  const code = String(error.error_code);
  const waitS = error.parameters.retry_after;
  if (waitS !== undefined) return { ...parked((waitS + 1) * 1000, now), reason };
  const problem = sendProblem(error);
  if (problem === "not-modified") return { kind: "done", ids: [], at: now };
  if (problem === "message-gone" || FORBIDDEN_KIND.test(reason))
    return { kind: "refused", code, reason };
  if (error.error_code === 413) return { kind: "refused", code: "file-too-large", reason };
  if (problem === "unreachable" || error.error_code === 401)
    return { kind: "blocked", code, reason };
  if (error.error_code === 400) return ofBadRequest(reason);
  // A server of one's own may lack what this message needs (field fault C10); a token that is not
  // known has no words.
  if (error.error_code === 404 && /method not found/i.test(reason))
    return { kind: "refused", code, reason };
  return { ...parked(RETRY_MS, now), reason };
}

/** The chat forbids this kind of message; it may take the next one. */
const FORBIDDEN_KIND = /not enough rights to send (?!text )/;

/** The chat takes nothing from this bot. */
const ABOUT_CHAT =
  /rights|administrator|not a member|was kicked|was deactivated|was blocked|chat is inaccessible|chat is restricted/i;
/** What was sent cannot be taken, whatever the chat is. */
const ABOUT_CONTENT = new RegExp(
  "too (?:long|big|large|much|many)|empty|can't|cannot|wrong |invalid|unsupported|failed to" +
    "|not found|there is no|group send failed",
  "i",
);

/**
 * Telegram says it in words, or by a code of its own in capital letters. A topic that was deleted,
 * or never was, is not found. What is not known stops the route only when the next message is
 * refused as well.
 */
function ofBadRequest(reason: string): DeliveryResult {
  if (/message thread not found/i.test(reason))
    return { kind: "blocked", code: "TOPIC_DELETED", reason };
  const own = /\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/.exec(reason)?.[0];
  if (own !== undefined)
    return { kind: isAboutMessage(own) ? "refused" : "blocked", code: own, reason };
  if (ABOUT_CHAT.test(reason)) return { kind: "blocked", code: "400", reason };
  if (ABOUT_CONTENT.test(reason)) return { kind: "refused", code: "400", reason };
  return { kind: "blocked", code: "BAD_REQUEST", reason };
}
