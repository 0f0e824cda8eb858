import type { MovableClock } from "../world/clock.ts";
import { refusal } from "./model/refusal.ts";
import type { Chat, ChatUser, StoredMessage } from "./model/types.ts";

/** What survives a restart of the sandbox. */
export interface ChatBookState {
  nextMessageId: number;
  chats: Chat[];
}

/**
 * All private chats with the bot. Message ids are one sequence over all of them, as for a real bot.
 */
export class ChatBook {
  readonly #clock: MovableClock;
  #chats = new Map<number, Chat>();
  #nextMessageId = 1;

  constructor(clock: MovableClock) {
    this.#clock = clock;
  }

  /** The chat of a user; made on first use, not started. */
  open(user: ChatUser): Chat {
    const chat = this.#chats.get(user.id) ?? freshChat(user);
    this.#chats.set(user.id, chat);
    return chat;
  }

  find(chatId: number): Chat | undefined {
    return this.#chats.get(chatId);
  }

  all(): Chat[] {
    return [...this.#chats.values()];
  }

  /**
   * The chat a bot may write to. Refuses unknown users, users who never pressed Start, and
   * blockers.
   */
  writable(chatId: number | undefined): Chat {
    if (chatId === undefined) throw refusal(400, "chat_id is empty");
    const chat = this.#chats.get(chatId);
    if (chat === undefined || !chat.started) throw refusal(400, "chat not found");
    if (chat.blocked) throw refusal(403, "bot was blocked by the user");
    return chat;
  }

  add(
    chat: Chat,
    part: Pick<StoredMessage, "fromBot" | "body"> & Partial<StoredMessage>,
  ): StoredMessage {
    const message: StoredMessage = {
      editedMs: null,
      media: null,
      keyboard: null,
      replyTo: null,
      silent: false,
      protected: false,
      deleted: false,
      ...part,
      id: this.#nextMessageId++,
      chatId: chat.user.id,
      dateMs: this.#clock.now(),
    };
    chat.messages.push(message);
    return message;
  }

  /** A message that is still there. */
  message(chat: Chat, messageId: number | undefined): StoredMessage | undefined {
    return chat.messages.find((message) => message.id === messageId && !message.deleted);
  }

  /** Empties every chat; message ids go on. */
  clear(): void {
    this.#chats = new Map(this.all().map((chat) => [chat.user.id, freshChat(chat.user)]));
  }

  save(): ChatBookState {
    return { nextMessageId: this.#nextMessageId, chats: this.all() };
  }

  restore(state: ChatBookState): void {
    this.#nextMessageId = state.nextMessageId;
    this.#chats = new Map(state.chats.map((chat) => [chat.user.id, chat]));
  }
}

function freshChat(user: ChatUser): Chat {
  return { user, started: false, blocked: false, messages: [], pinned: [], replyKeyboard: null };
}
