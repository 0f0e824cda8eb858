import { bareChannel, markedChannel } from "@flotilla/kernel";
import { RpcError } from "../world/errors.ts";
import type { Bot, Channel, StoredMessage } from "../world/model.ts";
import { storedFile } from "../world/new-media.ts";
import type { BotChat, BotEntity, BotMessage, NewFile, TopicView } from "../world/views.ts";
import type { World } from "../world/world.ts";
import type { TlObject } from "./tl/schema.ts";

/** Bot API formatting and its name here; what is missing travels as plain text. */
const ENTITIES: Readonly<Record<string, string>> = {
  bold: "messageEntityBold",
  italic: "messageEntityItalic",
  underline: "messageEntityUnderline",
  strikethrough: "messageEntityStrike",
  spoiler: "messageEntitySpoiler",
  blockquote: "messageEntityBlockquote",
  code: "messageEntityCode",
  pre: "messageEntityPre",
  text_link: "messageEntityTextUrl",
};

/** The bot of the Bot API half in channels and supergroups of the world. */
export class BotChats {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** Says who the bot is. */
  introduce({
    id,
    firstName,
    username,
  }: {
    id: number;
    firstName: string;
    username: string;
  }): void {
    this.#world.state.bot = { id: BigInt(id), firstName, username };
  }

  /** The chat it is in, by number or `@name`; null where it is not. */
  chat(ref: string): BotChat | null {
    const channels = this.#world.state.channels;
    const named = ref.startsWith("@") ? this.#world.byUsername(ref) : null;
    const bare = bareChannel(ref);
    const byId = bare === null ? undefined : channels.get(BigInt(bare));
    const found = named && "box" in named && !("phone" in named) ? named : byId;
    return found?.bot ? chatView(found) : null;
  }

  send(
    chat: BotChat,
    text: string,
    more: {
      topic: number | null;
      replyTo: number | null;
      entities: BotEntity[];
      file?: NewFile;
      groupedId?: string;
    },
  ): BotMessage {
    const channel = this.#channel(chat);
    const { topic, replyTo, entities, file, groupedId } = more;
    const draft = {
      text,
      topic,
      replyTo,
      entities: entities.flatMap(toTl),
      ...(file === undefined ? {} : { media: storedFile(this.#world.files, file) }),
      ...(groupedId === undefined ? {} : { groupedId: BigInt(groupedId) }),
    };
    const { messaging, codes } = this.#world;
    codes.cancelSeen(text);
    const said = channel.supergroup
      ? messaging.say(channel, this.#bot.id, draft, this)
      : messaging.postAsChannel(channel, draft, this);
    return this.#view(said.message);
  }

  message(chat: BotChat, id: number): BotMessage | null {
    const found = this.#channel(chat).box.messages.get(id);
    return found ? this.#view(found) : null;
  }

  edit(chat: BotChat, id: number, text: string, entities: BotEntity[], file?: NewFile): BotMessage {
    const channel = this.#channel(chat);
    const message = channel.box.messages.get(id);
    if (!message) throw new RpcError(400, "message to edit not found");
    if (channel.supergroup && message.from !== this.#bot.id)
      throw new RpcError(400, "message can't be edited");
    const media = file === undefined ? {} : { media: storedFile(this.#world.files, file) };
    this.#world.messaging.editAsChannel(channel, id, {
      text,
      entities: entities.flatMap(toTl),
      ...media,
    });
    return this.#view(message);
  }

  delete(chat: BotChat, ids: readonly number[]): void {
    this.#world.messaging.deleteAsChannel(this.#channel(chat), ids);
  }

  createTopic(chat: BotChat, title: string): TopicView {
    const { message } = this.#world.forums.create(this.#channel(chat), this.#bot.id, title, this);
    return { id: message.id, title, closed: false };
  }

  /** Calls `listener` for every new message of other users where the bot is. */
  onMessage(listener: (chat: BotChat, message: BotMessage) => void): void {
    this.#world.onEvent((event) => {
      if (event.kind !== "channel-box" || event.event.kind !== "new" || event.origin === this)
        return;
      const channel = this.#world.state.channels.get(event.channel);
      const message = channel?.bot ? channel.box.messages.get(event.event.id) : undefined;
      if (channel && message && !message.action) listener(chatView(channel), this.#view(message));
    });
  }

  get #bot(): Bot {
    const { bot } = this.#world.state;
    if (!bot) throw new TypeError("the world knows of no bot");
    return bot;
  }

  #channel(chat: BotChat): Channel {
    const channel = this.#world.state.channels.get(BigInt(bareChannel(String(chat.id)) ?? 0));
    if (!channel) throw new RpcError(400, "chat not found");
    return channel;
  }

  #view({ id, date, text, media, from, topic, replyTo, editDate }: StoredMessage): BotMessage {
    return {
      id,
      date,
      text,
      media: media !== undefined,
      from: this.#author(from),
      topic: topic ?? null,
      replyTo,
      edited: editDate !== null,
    };
  }

  #author(id: bigint | null): BotMessage["from"] {
    if (id === null) return null;
    const account = this.#world.state.accounts.get(id);
    const { firstName, username } = account ?? this.#bot;
    return { id: Number(id), firstName, username, bot: !account };
  }
}

function chatView({ id, title, username, supergroup, topics }: Channel): BotChat {
  const kind = supergroup ? "supergroup" : "channel";
  return { id: Number(markedChannel(id)), title, username, kind, forum: topics !== undefined };
}

function toTl({ type, offset, length, url, language }: BotEntity): TlObject[] {
  const name = ENTITIES[type];
  return name === undefined
    ? []
    : [{ _: name, offset, length, url: url ?? "", language: language ?? "" }];
}
