/** A channel to be made. */
export interface NewChannel {
  title: string;
  username?: string | undefined;
  /** Every member writes in it. */
  supergroup?: boolean;
  /** A supergroup with topics. */
  forum?: boolean;
  /** The bot of the Bot API half is an admin of it. */
  bot?: boolean;
  /** "Restrict saving content" of the whole chat. */
  noforwards?: boolean;
  /** Makes a supergroup that is the discussion group of this channel. */
  discusses?: string;
}

/** Topics of a forum; unknown ones are AppError `no-such-topic`, channels without topics `no-forum`. */
export interface TopicPort {
  list(channelId: string): TopicView[];
  /** Returns its id. */
  create(channelId: string, title: string): number;
  change(channelId: string, topic: number, change: { title?: string; closed?: boolean }): void;
  delete(channelId: string, topic: number): void;
}

export interface TopicView {
  id: number;
  title: string;
  closed: boolean;
}

/** A channel or supergroup as the bot sees it. */
export interface BotChat {
  /** As in the Bot API: -100… */
  id: number;
  title: string;
  username: string | null;
  kind: "channel" | "supergroup";
  forum: boolean;
}

/** A message of a channel or supergroup as the bot sees it. `date`: Unix seconds. */
export interface BotMessage {
  id: number;
  date: number;
  text: string;
  /** Null: a post of the channel. */
  from: { id: number; firstName: string; username: string | null; bot: boolean } | null;
  topic: number | null;
  replyTo: number | null;
  edited: boolean;
  /** Its text is a caption. */
  hasMedia: boolean;
}

/** What a client shows a file as, in the Bot API's words. */
export type BotFileKind = "photo" | "document" | "video" | "animation" | "audio" | "voice" | "video_note" | "sticker";

/** A file that the bot sends. */
export interface BotFile {
  kind: BotFileKind;
  name: string;
  mime: string;
  bytes: Uint8Array;
}

/** What a message of the bot has besides its text. `groupedId`: the same in all messages of one album. */
export interface BotExtras {
  topic: number | null;
  replyTo: number | null;
  entities: BotEntity[];
  file?: BotFile;
  groupedId?: bigint;
}

/** The bot in channels and supergroups. Refusals are RpcError with Telegram's text. */
export interface BotPort {
  /** Says who the bot is. */
  introduce(bot: { id: number; firstName: string; username: string }): void;
  /** The chat it is in, by number or `@name`; null where it is not. */
  chat(ref: string): BotChat | null;
  send(chat: BotChat, text: string, more: BotExtras): BotMessage;
  message(chat: BotChat, id: number): BotMessage | null;
  /** `file`: in place of the one that is there. */
  edit(chat: BotChat, id: number, text: string, entities: BotEntity[], file?: BotFile): BotMessage;
  delete(chat: BotChat, ids: readonly number[]): void;
  createTopic(chat: BotChat, title: string): TopicView;
  /** Calls `listener` for every new message that somebody else wrote where the bot is. */
  onMessage(listener: (chat: BotChat, message: BotMessage) => void): void;
}

/** Formatting as the Bot API has it. */
export interface BotEntity {
  type: string;
  offset: number;
  length: number;
  url?: string | undefined;
  language?: string | undefined;
}

/** What a post may have besides its text. */
export interface PostOptions {
  replyTo?: number;
  /** Who writes, in a supergroup; absent: its owner. */
  from?: string;
  /** Forum topic; absent: General. */
  topic?: number;
  /** "Restrict saving content". */
  noforwards?: boolean;
  /** Decimal; the same in all posts of one album. */
  groupedId?: string;
  /** A photo or a document that comes with it. `dc`: the data centre that keeps it, by default 2. */
  file?: { name: string; mime: string; base64: string; photo?: boolean; dc?: number };
}

export interface ChannelView {
  id: string;
  title: string;
  username: string | null;
  members: string[];
  pts: number;
  supergroup: boolean;
  forum: boolean;
}

/** A basic group. */
export interface GroupView {
  id: string;
  title: string;
  members: string[];
}
