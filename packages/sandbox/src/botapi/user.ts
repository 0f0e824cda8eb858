import { AppError } from "@flotilla/kernel";
import type { BotBackend } from "./backend.ts";
import type { Chat, ChatUser, InlineButton, StoredMessage } from "./model/types.ts";
import { richText } from "./text/rich-text.ts";
import { callbackView, chatView, userView } from "./views.ts";

/**
 * Which button to press: by label, by data, or by both; newest message first unless `messageId` is
 * given.
 */
export interface ButtonChoice {
  messageId?: number | undefined;
  label?: string | undefined;
  labelContains?: string | undefined;
  data?: string | undefined;
}

/** What a press led to: a query for the bot, or something the client does by itself. */
export type Pressed =
  | { kind: "callback"; callbackId: string; messageId: number; button: InlineButton }
  | { kind: "local"; messageId: number; button: InlineButton };

/** One human user in front of the bot: everything a Telegram app would do for them. */
export class ChatUserActions {
  readonly #backend: BotBackend;
  readonly #chat: Chat;

  constructor(backend: BotBackend, user: ChatUser) {
    this.#backend = backend;
    this.#chat = backend.chats.open(user);
  }

  get chat(): Chat {
    return this.#chat;
  }

  /**
   * Chooses the language of the app: the menu follows, and the bot is told with the next update.
   */
  speak(languageCode: string): void {
    this.#chat.user = { ...this.#chat.user, languageCode: languageCode.toLowerCase() };
    this.#backend.hub.emit({ type: "commands", chatId: this.#chat.user.id });
  }

  /** Presses Start (or Restart after a block): unblocks and sends /start. */
  start(): StoredMessage {
    if (this.#chat.blocked) this.block(false);
    return this.sendText("/start");
  }

  /**
   * Sends a text. Throws AppError `bot-blocked` while this user blocks the bot, `bad-text` when it
   * is empty or over 4096.
   */
  sendText(text: string, replyTo: number | null = null): StoredMessage {
    if (this.#chat.blocked)
      throw new AppError("bot-blocked", "This user blocks the bot. Press Start to unblock it.");
    const body = richText({ text, parseMode: undefined, entities: undefined });
    if (body.text === "" || body.text.length > 4096)
      throw new AppError("bad-text", "A text has 1 to 4096 characters.");
    if (!this.#chat.started) this.#changeState({ started: true });
    const message = this.#backend.post(this.#chat, { fromBot: false, body, replyTo });
    this.#backend.updates.push({
      kind: "message",
      payload: this.#backend.view(this.#chat, message),
    });
    return message;
  }

  /** Sends a file. Throws AppError `bot-blocked`, and `bad-file` when it is empty. */
  sendFile(file: { name: string; bytes: Uint8Array }): StoredMessage {
    if (this.#chat.blocked)
      throw new AppError("bot-blocked", "This user blocks the bot. Press Start to unblock it.");
    if (file.bytes.length === 0) throw new AppError("bad-file", "A file has at least one byte.");
    if (!this.#chat.started) this.#changeState({ started: true });
    const { fileId } = this.#backend.files.add("documents", {
      ...file,
      mime: "application/octet-stream",
    });
    const body = richText({ text: "", parseMode: undefined, entities: undefined });
    const message = this.#backend.post(this.#chat, {
      fromBot: false,
      body,
      media: { kind: "document", fileId },
    });
    this.#backend.updates.push({
      kind: "message",
      payload: this.#backend.view(this.#chat, message),
    });
    return message;
  }

  /** Edits an own text, as a user may. Throws AppError `no-such-message`. */
  editText(messageId: number, text: string): StoredMessage {
    const message = this.#backend.chats.message(this.#chat, messageId);
    if (message === undefined || message.fromBot)
      throw new AppError("no-such-message", "This user has no such message.");
    message.body = richText({ text, parseMode: undefined, entities: undefined });
    this.#backend.edited(message);
    this.#backend.updates.push({
      kind: "edited_message",
      payload: this.#backend.view(this.#chat, message),
    });
    return message;
  }

  /**
   * Presses an inline button. Throws AppError `no-such-button`, naming the buttons that are there,
   * or `bot-blocked`.
   */
  press(choice: ButtonChoice): Pressed {
    if (this.#chat.blocked)
      throw new AppError("bot-blocked", "This user blocks the bot. Press Start to unblock it.");
    const { message, button } = this.#find(choice);
    if (button.callback_data === undefined) return { kind: "local", messageId: message.id, button };
    const callbackId = this.#backend.callbacks.press(message, button.callback_data);
    const context = { bot: this.#backend.bot, chat: this.#chat, files: this.#backend.files };
    this.#backend.updates.push({
      kind: "callback_query",
      payload: callbackView(callbackId, message, button.callback_data, context),
    });
    return { kind: "callback", callbackId, messageId: message.id, button };
  }

  /** Blocks or unblocks the bot; the bot hears of it by my_chat_member. */
  block(blocked: boolean): void {
    if (this.#chat.blocked !== blocked) this.#changeState({ blocked });
  }

  #changeState(change: { started?: boolean; blocked?: boolean }): void {
    Object.assign(this.#chat, change);
    if (change.blocked !== undefined) this.#tellMembership(change.blocked);
    this.#backend.hub.emit({ type: "chat", chatId: this.#chat.user.id });
  }

  #tellMembership(blocked: boolean): void {
    const { bot, clock, updates } = this.#backend;
    const user = { id: bot.id, is_bot: true, first_name: bot.firstName, username: bot.username };
    const member = (gone: boolean): object =>
      gone ? { user, status: "kicked", until_date: 0 } : { user, status: "member" };
    updates.push({
      kind: "my_chat_member",
      payload: {
        chat: chatView(this.#chat),
        from: userView(this.#chat.user),
        date: Math.floor(clock.now() / 1000),
        old_chat_member: member(!blocked),
        new_chat_member: member(blocked),
      },
    });
  }

  #find(choice: ButtonChoice): { message: StoredMessage; button: InlineButton } {
    const shown = this.#chat.messages.filter(
      (message) => !message.deleted && message.keyboard !== null,
    );
    const { messageId } = choice;
    const candidates =
      messageId === undefined
        ? shown.toReversed()
        : shown.filter((message) => message.id === messageId);
    for (const message of candidates) {
      const button = message.keyboard?.flat().find((each) => fits(each, choice));
      if (button !== undefined) return { message, button };
    }
    const there = candidates.flatMap(
      (message) => message.keyboard?.flat().map((button) => button.text) ?? [],
    );
    throw new AppError(
      "no-such-button",
      `No such button. Buttons on show: ${there.slice(0, 40).join(" | ") || "none"}`,
    );
  }
}

function fits(button: InlineButton, { label, labelContains, data }: ButtonChoice): boolean {
  if (label !== undefined && button.text !== label) return false;
  if (labelContains !== undefined && !button.text.includes(labelContains)) return false;
  return data === undefined || button.callback_data === data;
}
