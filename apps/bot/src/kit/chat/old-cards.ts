import type { Logger } from "@flotilla/observability";
import type { Database } from "@flotilla/sqlite";
import { type Api, GrammyError } from "grammy";
import type { Words } from "../words/words.ts";
import { chatId } from "./target.ts";

/** Parts of {@link OldCards}. */
export interface OldCardDeps {
  readonly api: Api;
  readonly db: Database;
  readonly log: Logger;
  readonly wordsOf: (chat: string) => Words;
}

/**
 * Messages that another one has taken the place of: written down with that one, so that a crash or
 * a lost answer leaves none with buttons behind.
 */
export class OldCards {
  readonly #deps: OldCardDeps;

  constructor(deps: OldCardDeps) {
    this.#deps = deps;
  }

  /** Call it in the transaction that writes down what takes its place. */
  add(chat: string, message: number): void {
    this.#deps.db.write(
      "INSERT INTO old_card (chat, message) VALUES (?, ?) ON CONFLICT DO NOTHING",
      [chat, message],
    );
  }

  /** It is in use again. */
  keep(chat: string, message: number): void {
    this.#deps.db.write("DELETE FROM old_card WHERE chat = ? AND message = ?", [chat, message]);
  }

  /**
   * Takes the old ones off the chat; what Telegram does not answer is left for the next time. Never
   * rejects.
   */
  async clear(chat: string): Promise<void> {
    const rows = this.#deps.db.read<{ message: number }>(
      "SELECT message FROM old_card WHERE chat = ?",
      [chat],
    );
    for (const { message } of rows) if (await this.#remove(chat, message)) this.keep(chat, message);
  }

  /** {@link clear} for every chat that has some. */
  async clearAll(): Promise<void> {
    const chats = this.#deps.db.read<{ chat: string }>("SELECT DISTINCT chat FROM old_card");
    await Promise.all(chats.map(({ chat }) => this.clear(chat)));
  }

  /**
   * Telegram deletes nothing that is older than two days
   * (https://core.telegram.org/bots/api#deletemessage): that one loses its buttons.
   */
  async #remove(chat: string, message: number): Promise<boolean> {
    const { api, wordsOf } = this.#deps;
    const deleted = await this.#answered(api.deleteMessage(chatId(chat), message));
    if (deleted !== "refused") return deleted === "done";
    const text = wordsOf(chat).html("old-card").text;
    return (
      (await this.#answered(
        api.editMessageText(chatId(chat), message, text, { parse_mode: "HTML" }),
      )) !== "unknown"
    );
  }

  async #answered(call: Promise<unknown>): Promise<"done" | "refused" | "unknown"> {
    try {
      await call;
      return "done";
    } catch (error) {
      this.#deps.log.debug({ err: error }, "old card not removed");
      return error instanceof GrammyError && error.error_code === 400 ? "refused" : "unknown";
    }
  }
}
