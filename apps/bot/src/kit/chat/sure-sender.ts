import type { Database } from "@flotilla/sqlite";
import { type Api, GrammyError, HttpError, InputFile } from "grammy";
import { readable } from "../words/readable.ts";
import { sendProblem } from "./bot-errors.ts";
import type { Card } from "./screen.ts";
import { chatId, topicOf } from "./target.ts";

/** How a message is sent. */
export interface SendOptions {
  readonly silent?: boolean;
  readonly replyTo?: number;
  /** A picture (PNG), with the card as its caption. */
  readonly photo?: Uint8Array;
}

/** A lost message is looked for among so many ids after the newest one that is known. */
const LOOK_AHEAD = 15;
/** Messages of this process that are kept in mind. */
const REMEMBERED = 1000;

/**
 * Sends each message once, over crashes and lost answers. The Bot API has no key that makes a send
 * repeatable, so the wish is written down first; when it is found again at the next try, the
 * message may be there already: it is looked for by editing the ids that it can have, which
 * succeeds for a message of ours only, and leaves it as it should be.
 */
export class SureSender {
  readonly #api: Api;
  readonly #db: Database;
  readonly #turns = new Map<string, Promise<unknown>>();
  /** Messages that this process sent or saw, in case they are not written down yet. */
  readonly #taken = new Set<string>();

  constructor(api: Api, db: Database) {
    this.#api = api;
    this.#db = db;
  }

  /**
   * Sends `card` for `purpose` and returns its message id. Call {@link done} in the transaction
   * that writes the id down.
   */
  send(chat: string, purpose: string, card: Card, options: SendOptions = {}): Promise<number> {
    return this.#inTurn(chat, async () => {
      try {
        return await this.#send(chat, purpose, card, options);
      } catch (error) {
        // A connection that broke: the wish is written down, so the next try finds what was sent
        // already.
        if (!(error instanceof HttpError)) throw error;
        return await this.#send(chat, purpose, card, options);
      }
    });
  }

  /** One after the other: two that look for lost messages at once would take the same one. */
  #inTurn<T>(chat: string, work: () => Promise<T>): Promise<T> {
    const done = (this.#turns.get(chat) ?? Promise.resolve()).then(work);
    this.#turns.set(
      chat,
      done.catch(() => {}),
    );
    return done;
  }

  /**
   * As {@link send}, for a message whose id is not kept: its row stays until the chat has another
   * one of the kind (`<kind>:<id>`).
   */
  async sendOnce(
    chat: string,
    purpose: string,
    card: Card,
    options: SendOptions = {},
  ): Promise<void> {
    const kind = `${purpose.split(":")[0]}:%`;
    this.#db.write("DELETE FROM sending WHERE chat = ? AND purpose LIKE ? AND purpose <> ?", [
      chat,
      kind,
      purpose,
    ]);
    await this.send(chat, purpose, card, options);
  }

  async #send(chat: string, purpose: string, card: Card, options: SendOptions): Promise<number> {
    const wish = this.#wish(chat, purpose);
    const lost = wish ? await this.#lookFor(chat, wish.after_message, card, options) : null;
    if (lost !== null) return this.#ours(chat, lost);
    if (!wish)
      this.#db.write("INSERT INTO sending (chat, purpose, after_message) VALUES (?, ?, ?)", [
        chat,
        purpose,
        this.#newest(chat),
      ]);
    try {
      const sent = await this.#put(chat, card, options);
      return this.#ours(chat, sent.message_id);
    } catch (error) {
      // Telegram's refusal is an answer: nothing was sent. Everything else may have had its effect.
      if (!(error instanceof HttpError)) this.done(chat, purpose);
      throw error;
    }
  }

  async #put(
    chat: string,
    card: Card,
    { silent, replyTo, photo }: SendOptions,
  ): Promise<{ readonly message_id: number }> {
    const how = {
      ...topicOf(chat),
      ...(silent ? { disable_notification: true } : {}),
      ...(replyTo === undefined
        ? {}
        : { reply_parameters: { message_id: replyTo, allow_sending_without_reply: true } }),
    };
    if (photo === undefined)
      return await this.#api.sendMessage(chatId(chat), card.html, { ...cardOptions(card), ...how });
    return await this.#api.sendPhoto(chatId(chat), new InputFile(photo, "chart.png"), {
      ...captionOptions(card),
      ...how,
    });
  }

  /**
   * A message for `purpose` that was sent by a process that died before it wrote the id down; it
   * shows `card` then. Null when there is none.
   */
  lost(chat: string, purpose: string, card: Card): Promise<number | null> {
    return this.#inTurn(chat, async () => {
      const wish = this.#wish(chat, purpose);
      return wish ? await this.#lookFor(chat, wish.after_message, card, {}) : null;
    });
  }

  /** Whether something was about to be sent, and perhaps was. */
  wished(chat: string, purpose: string): boolean {
    return this.#wish(chat, purpose) !== undefined;
  }

  #wish(chat: string, purpose: string): { readonly after_message: number } | undefined {
    return this.#db.readOne("SELECT after_message FROM sending WHERE chat = ? AND purpose = ?", [
      chat,
      purpose,
    ]);
  }

  /** The id of what was sent is written down. */
  done(chat: string, purpose: string): void {
    this.#db.write("DELETE FROM sending WHERE chat = ? AND purpose = ?", [chat, purpose]);
  }

  /**
   * A message of this chat was seen, from any sender: later ones have higher ids, and it is none
   * that was lost.
   */
  saw(chat: string, message: number): void {
    this.#ours(chat, message);
  }

  /** The caller stores the id later: until then no other caller may take it. */
  #ours(chat: string, message: number): number {
    this.#taken.add(`${chatId(chat)}/${message}`);
    for (const old of [...this.#taken].slice(0, this.#taken.size - REMEMBERED))
      this.#taken.delete(old);
    if (message <= this.#newest(chat)) return message;
    const sql = `INSERT INTO newest_message (chat, message) VALUES (?, ?) ON CONFLICT (chat) DO UPDATE
        SET message = max(message, excluded.message)`;
    this.#db.write(sql, [chatId(chat), message]);
    return message;
  }

  #newest(chat: string): number {
    return (
      this.#db.readOne<{ message: number }>("SELECT message FROM newest_message WHERE chat = ?", [
        chatId(chat),
      ])?.message ?? 0
    );
  }

  async #lookFor(
    chat: string,
    after: number,
    card: Card,
    options: SendOptions,
  ): Promise<number | null> {
    const known = new Set(
      this.#db
        .read<{ message: number }>(
          `SELECT message FROM delivery WHERE chat = ? AND message > ? UNION SELECT message FROM
            panel WHERE chat = ?`,
          [chat, after, chat],
        )
        .map((row) => row.message),
    );
    for (let id = after + 1; id <= after + LOOK_AHEAD; id++) {
      if (
        !known.has(id) &&
        !this.#taken.has(`${chatId(chat)}/${id}`) &&
        (await this.#becomes(chat, id, card, options))
      )
        return id;
    }
    return null;
  }

  async #becomes(
    chat: string,
    message: number,
    card: Card,
    { photo }: SendOptions,
  ): Promise<boolean> {
    try {
      if (photo === undefined)
        await this.#api.editMessageText(chatId(chat), message, card.html, cardOptions(card));
      else await this.#api.editMessageCaption(chatId(chat), message, captionOptions(card));
      return true;
    } catch (error) {
      if (sendProblem(error) === "not-modified") return true;
      // No message, one of another sender, or one of ours of the other kind, with or without a
      // picture: not the one that was lost.
      if (error instanceof GrammyError && error.error_code === 400) return false;
      throw error;
    }
  }
}

/** How a card goes over the Bot API. */
export function cardOptions(card: Card) {
  return {
    parse_mode: "HTML" as const,
    reply_markup: { inline_keyboard: labelled(card) },
    link_preview_options: { is_disabled: true },
  };
}

/** How a card goes over the Bot API as the caption of a picture. */
export function captionOptions(card: Card) {
  return {
    caption: card.html,
    parse_mode: "HTML" as const,
    reply_markup: { inline_keyboard: labelled(card) },
  };
}

/** Labels hold names; Telegram takes no empty one. */
function labelled({ keyboard }: Card): Card["keyboard"] {
  return keyboard.map((row) =>
    row.map((button) => ({ ...button, text: readable(button.text) || "?" })),
  );
}
