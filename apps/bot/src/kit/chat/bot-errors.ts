import { GrammyError } from "grammy";

/**
 * What the Bot API's refusal of a send or edit means. Telegram has no codes for these, only texts.
 */
export type SendProblem =
  | "not-modified"
  | "message-gone"
  | "unreachable"
  | "stale-query"
  | "conflict"
  | "webhook"
  | "other";

/**
 * Telegram does not know the token (401), or it is none at all (404). Each has come to good tokens
 * as well, once.
 */
export function isTokenRefusal(errorCode: number): boolean {
  return errorCode === 401 || errorCode === 404;
}

/** Classifies a failed Bot API call. The only place that looks at Telegram's texts. */
export function sendProblem(error: unknown): SendProblem {
  if (!(error instanceof GrammyError)) return "other";
  const text = error.description;
  if (text.includes("message is not modified")) return "not-modified";
  if (
    /message to (edit|delete|be replied) not found|message can't be (edited|deleted)|MESSAGE_ID_INVALID/.test(
      text,
    )
  )
    return "message-gone";
  if (error.error_code === 403 || text.includes("chat not found")) return "unreachable";
  if (text.includes("query is too old")) return "stale-query";
  // Another program polls, or has told Telegram to send updates to an address of its own.
  if (error.error_code === 409) return text.includes("webhook") ? "webhook" : "conflict";
  return "other";
}
