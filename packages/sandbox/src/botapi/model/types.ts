/**
 * A mark on a stretch of text; offsets and lengths in UTF-16 units.
 * https://core.telegram.org/bots/api#messageentity
 */
export interface Entity {
  type: EntityType;
  offset: number;
  length: number;
  url?: string;
  language?: string;
  user?: { id: number; is_bot: boolean; first_name: string };
  custom_emoji_id?: string;
}

/** Kinds of {@link Entity} the sandbox knows. */
export type EntityType =
  | "mention"
  | "hashtag"
  | "bot_command"
  | "url"
  | "email"
  | "phone_number"
  | "cashtag"
  | "bold"
  | "italic"
  | "underline"
  | "strikethrough"
  | "spoiler"
  | "blockquote"
  | "expandable_blockquote"
  | "code"
  | "pre"
  | "text_link"
  | "text_mention"
  | "custom_emoji";

/** Text with its entities, as it is stored and compared. */
export interface RichText {
  text: string;
  entities: Entity[];
}

/**
 * One inline button: exactly one action beside its label.
 * https://core.telegram.org/bots/api#inlinekeyboardbutton
 */
export interface InlineButton {
  text: string;
  style?: string;
  callback_data?: string;
  url?: string;
  copy_text?: { text: string };
  web_app?: { url: string };
  disabled?: object;
}

/** What a message carries beside its text. */
export type Media =
  | { kind: "photo"; fileId: string; width: number; height: number; spoiler: boolean }
  | { kind: "document"; fileId: string };

/**
 * A message of a private chat between one user and the bot. Times are milliseconds of the sandbox's
 * clock.
 */
export interface StoredMessage {
  id: number;
  chatId: number;
  fromBot: boolean;
  dateMs: number;
  editedMs: number | null;
  body: RichText;
  media: Media | null;
  keyboard: InlineButton[][] | null;
  replyTo: number | null;
  silent: boolean;
  protected: boolean;
  deleted: boolean;
}

/** A user who may chat with the bot. */
export interface ChatUser {
  id: number;
  firstName: string;
  lastName: string;
  username: string | null;
  /** IETF tag of the language of their app, such as `ru` or `pt-br`; absent = English. */
  languageCode?: string;
}

/** The private chat of one user with the bot. */
export interface Chat {
  user: ChatUser;
  /** True once the user pressed Start or wrote; before that the bot gets `chat not found`. */
  started: boolean;
  /** True while the user blocks the bot. */
  blocked: boolean;
  messages: StoredMessage[];
  /** Pinned message ids, newest last. */
  pinned: number[];
  /** Custom reply keyboard on show, labels only. */
  replyKeyboard: string[][] | null;
}

/** An update as the bot gets it, without its id. */
export interface UpdateBody {
  kind: "message" | "channel_post" | "edited_message" | "callback_query" | "my_chat_member";
  payload: Record<string, unknown>;
}
