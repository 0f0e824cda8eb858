import type { NewContent, NewFile } from "./new-media.ts";

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
  /** It has a photo or a file. */
  media: boolean;
  /** Null: a post of the channel. */
  from: { id: number; firstName: string; username: string | null; bot: boolean } | null;
  topic: number | null;
  replyTo: number | null;
  edited: boolean;
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
  /** A photo or a file that comes with it, or what is no file. */
  file?: NewFile;
  content?: NewContent;
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
