import type { DeliveryResult } from "@flotilla/contracts";
import { AppError } from "@flotilla/kernel";
import { parked } from "@flotilla/relay";
import { GrammyError, HttpError } from "grammy";
import { sendProblem } from "../chat/bot-errors.ts";

const RETRY_MS = 5000;

/**
 * The number that the target has now, when it became a supergroup
 * (https://core.telegram.org/bots/api#responseparameters).
 */
export function becameOf(error: unknown): string | null {
  return error instanceof GrammyError ? (error.parameters.migrate_to_chat_id?.toString() ?? null) : null;
}

/** What the Bot API's answer to a delivery means for it. */
export function resultOf(error: unknown, now: number): DeliveryResult {
  if (error instanceof AppError) return { kind: "refused", code: error.code, reason: error.message };
  if (error instanceof HttpError) return { ...parked(RETRY_MS, now), reason: "The Bot API cannot be reached." };
  if (!(error instanceof GrammyError)) return { kind: "failed", code: "unexpected", reason: String(error).slice(0, 300) };
  const reason = error.description.slice(0, 300);
  const code = String(error.error_code);
  const waitS = error.parameters.retry_after;
  if (waitS !== undefined) return { ...parked((waitS + 1) * 1000, now), reason };
  const problem = sendProblem(error);
  if (problem === "not-modified") return { kind: "done", ids: [], at: now };
  if (problem === "message-gone" || FORBIDDEN_KIND.test(reason)) return { kind: "refused", code, reason };
  if (error.error_code === 413) return { kind: "refused", code: "file-too-large", reason };
  if (problem === "unreachable" || error.error_code === 401) return { kind: "blocked", code, reason };
  const topic = topicCode(reason);
  if (topic !== null) return { kind: "blocked", code: topic, reason };
  if (error.error_code === 400) return { kind: /not enough rights/.test(reason) ? "blocked" : "refused", code, reason };
  return { ...parked(RETRY_MS, now), reason };
}

/** The chat forbids this kind of message; it may take the next one. */
const FORBIDDEN_KIND = /not enough rights to send (?!text )/;

/**
 * What is wrong with the topic, in the words that a worker gets. A topic that was deleted, or never
 * was, is not found.
 */
function topicCode(reason: string): string | null {
  if (/message thread not found/i.test(reason)) return "TOPIC_DELETED";
  return /\b(TOPIC_[A-Z_]+)/.exec(reason)?.[1] ?? null;
}
