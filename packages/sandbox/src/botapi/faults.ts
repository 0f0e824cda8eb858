import { refusal } from "./model/refusal.ts";

/**
 * How a Bot API call fails on request. `hang` never answers for `holdMs` and then cuts the
 * connection.
 */
export type BotError =
  | { kind: "error"; code: number; description: string; retryAfterS?: number | undefined }
  | { kind: "hang"; holdMs: number }
  | { kind: "cut" };

/**
 * The next `times` calls of `method` (`*` = any; chat optional) end in `error`. `after: true` = the
 * call takes effect first.
 */
export interface BotFault {
  method: string;
  times: number;
  chatId?: number | undefined;
  after: boolean;
  error: BotError;
  /** The method that it hit last. */
  last?: string;
}

/** Pending faults of the Bot API half, first match first. */
export class BotFaults {
  #rules: BotFault[] = [];

  /** Returns it as it is used up. */
  add(rule: BotFault): Readonly<BotFault> {
    const added = { ...rule };
    this.#rules.push(added);
    return added;
  }

  pending(): BotFault[] {
    return this.#rules.map((rule) => ({ ...rule }));
  }

  clear(): void {
    this.#rules = [];
  }

  /** Uses up one count of the rule that fits, or returns null. */
  take(method: string, chatId: number | undefined): BotFault | null {
    const wanted = method.toLowerCase();
    const rule = this.#rules.find(
      (each) =>
        (each.method === "*" || each.method.toLowerCase() === wanted) &&
        (each.chatId === undefined || each.chatId === chatId),
    );
    if (rule === undefined) return null;
    rule.times -= 1;
    rule.last = method;
    this.#rules = this.#rules.filter((each) => each.times > 0);
    return rule;
  }
}

/** Telegram's texts for the codes that need none given. */
export function defaultDescription(code: number, retryAfterS: number): string {
  if (code === 429) return `Too Many Requests: retry after ${retryAfterS}`;
  if (code === 403) return refusal(403, "bot was blocked by the user").message;
  if (code === 401) return refusal(401, "invalid token specified").message;
  if (code === 409)
    return refusal(
      409,
      "terminated by other getUpdates request; make sure that only one bot instance is running",
    ).message;
  if (code === 500) return refusal(500).message;
  if (code === 502) return "Bad Gateway";
  return refusal(code, code === 400 ? "chat not found" : "").message;
}
