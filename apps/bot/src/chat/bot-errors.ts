import { GrammyError } from "grammy";

/** What the Bot API's refusal of a send or edit means. Telegram has no codes for these, only texts. */
export type SendProblem = "not-modified" | "message-gone" | "unreachable" | "stale-query" | "conflict" | "other";

/** Classifies a failed Bot API call. The only place that looks at Telegram's texts. */
export function sendProblem(error: unknown): SendProblem {
  if (!(error instanceof GrammyError)) return "other";
  const text = error.description;
  if (text.includes("message is not modified")) return "not-modified";
  if (/message to (edit|delete|be replied) not found|message can't be (edited|deleted)|MESSAGE_ID_INVALID/.test(text))
    return "message-gone";
  if (error.error_code === 403 || text.includes("chat not found")) return "unreachable";
  if (text.includes("query is too old")) return "stale-query";
  if (error.error_code === 409) return "conflict";
  return "other";
}
