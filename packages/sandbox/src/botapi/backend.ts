import type { WorldApi } from "../mtproto/world-api.ts";
import type { MovableClock } from "../world/clock.ts";
import { CallbackBook } from "./callbacks.ts";
import { ChatBook, type ChatBookState } from "./chats.ts";
import { type BotCommand, CommandBook } from "./commands.ts";
import { BotFaults } from "./faults.ts";
import { FileStore, type SavedFile } from "./files.ts";
import { groupMessageView } from "./group-call.ts";
import { Hub } from "./hub.ts";
import { Journal } from "./journal.ts";
import type { Chat, StoredMessage } from "./model/types.ts";
import { UpdateQueue, type UpdateQueueState } from "./updates.ts";
import { messageView } from "./views.ts";

/** Who the bot is; the id is the part of the token before the colon. */
export interface BotIdentity {
  token: string;
  id: number;
  firstName: string;
  username: string;
}

/** What the Bot API half writes into the state file. */
export interface BackendState {
  chats: ChatBookState;
  updates: UpdateQueueState;
  files: SavedFile[];
  commands: [string, BotCommand[]][];
}

/** What the bot needs of the world: it hears every text, and has channels and supergroups. */
export type BotWorld = Pick<WorldApi, "noticeText" | "bot">;

/** What a {@link BotBackend} is made of. `world` hears every text (login codes are cancelled). */
export interface BackendOptions {
  botToken: string;
  clock: MovableClock;
  world: BotWorld;
  log: (line: string) => void;
}

/** Everything the Bot API half knows: one bot, its chats, its updates and its files. */
export class BotBackend {
  readonly bot: BotIdentity;
  readonly clock: MovableClock;
  readonly log: (line: string) => void;
  readonly hub = new Hub();
  readonly files = new FileStore();
  readonly faults = new BotFaults();
  readonly journal = new Journal();
  readonly chats: ChatBook;
  readonly updates: UpdateQueue;
  readonly callbacks: CallbackBook;
  readonly commands = new CommandBook();
  readonly world: BotWorld;

  constructor(options: BackendOptions) {
    const id = Number(/^([0-9]+):/.exec(options.botToken)?.[1]);
    if (!(id > 0)) throw new RangeError("a bot token looks like 123456:AbC…");
    this.bot = {
      token: options.botToken,
      id,
      firstName: "Flotilla",
      username: "flotilla_sandbox_bot",
    };
    this.clock = options.clock;
    this.log = options.log;
    this.world = options.world;
    this.chats = new ChatBook(options.clock);
    this.updates = new UpdateQueue(options.clock);
    this.callbacks = new CallbackBook(options.clock, this.hub);
    options.world.bot.onMessage((chat, message) => {
      const kind = chat.kind === "channel" ? "channel_post" : "message";
      this.updates.push({ kind, payload: groupMessageView(this, chat, message) });
    });
  }

  /** The Bot API shape of a message. */
  view(chat: Chat, message: StoredMessage): Record<string, unknown> {
    return messageView(message, { bot: this.bot, chat, files: this.files });
  }

  /** Stores a new message, lets the world read it and tells the page. */
  post(chat: Chat, part: Parameters<ChatBook["add"]>[1]): StoredMessage {
    const message = this.chats.add(chat, part);
    this.world.noticeText(message.body.text);
    this.hub.emit({ type: "message", message });
    return message;
  }

  /** Marks a message as edited now and tells everyone. The caller has changed it already. */
  edited(message: StoredMessage): void {
    message.editedMs = this.clock.now();
    this.world.noticeText(message.body.text);
    this.hub.emit({ type: "edited", message });
  }

  remove(message: StoredMessage): void {
    message.deleted = true;
    const chat = this.chats.find(message.chatId);
    if (chat !== undefined) chat.pinned = chat.pinned.filter((id) => id !== message.id);
    this.hub.emit({ type: "deleted", message });
  }

  /** Empties chats, updates, files, faults and counters. Ids go on. */
  reset(): void {
    for (const part of [
      this.chats,
      this.updates,
      this.callbacks,
      this.files,
      this.faults,
      this.journal,
      this.commands,
    ])
      part.clear();
    this.updates.lose("callbacks", 0);
    this.updates.lose("updates", 0);
    this.hub.emit({ type: "reset", chatId: 0 });
  }

  save(): BackendState {
    return {
      chats: this.chats.save(),
      updates: this.updates.save(),
      files: this.files.save(),
      commands: this.commands.save(),
    };
  }

  restore(state: BackendState): void {
    this.chats.restore(state.chats);
    this.updates.restore(state.updates);
    this.files.restore(state.files);
    this.commands.restore(state.commands);
  }
}
