import { createHash } from "node:crypto";
import type { BotIdentity } from "./backend.ts";
import type { FileStore, StoredFile } from "./files.ts";
import type { Chat, ChatUser, StoredMessage } from "./model/types.ts";

type Json = Record<string, unknown>;

/** A user as the Bot API shows it. https://core.telegram.org/bots/api#user */
export function userView(user: ChatUser): Json {
  return {
    id: user.id,
    is_bot: false,
    first_name: user.firstName,
    ...(user.lastName === "" ? {} : { last_name: user.lastName }),
    ...(user.username === null ? {} : { username: user.username }),
    language_code: languageCodeOf(user),
  };
}

/** The language of the user's app, an IETF tag; English unless they chose another. */
export function languageCodeOf({ languageCode = "en" }: ChatUser): string {
  return languageCode;
}

/** https://core.telegram.org/bots/api#chat */
export function chatView({ user }: Chat): Json {
  const { is_bot: _bot, language_code: _language, ...rest } = userView(user);
  return { ...rest, type: "private" };
}

/** The bot as `from` of its messages. */
export function botView(bot: BotIdentity): Json {
  return { id: bot.id, is_bot: true, first_name: bot.firstName, username: bot.username };
}

/** https://core.telegram.org/bots/api#file */
export function fileView(file: StoredFile): Json {
  return { file_id: file.fileId, file_unique_id: file.uniqueId, file_size: file.bytes.length };
}

/** What a message view needs to know. */
export interface ViewContext {
  bot: BotIdentity;
  chat: Chat;
  files: FileStore;
}

/** https://core.telegram.org/bots/api#message */
export function messageView(message: StoredMessage, context: ViewContext, withReply = true): Json {
  const { chat, bot } = context;
  const repliedTo =
    withReply && message.replyTo !== null
      ? chat.messages.find((each) => each.id === message.replyTo)
      : undefined;
  return {
    message_id: message.id,
    from: message.fromBot ? botView(bot) : userView(chat.user),
    chat: chatView(chat),
    date: Math.floor(message.dateMs / 1000),
    ...(message.editedMs === null ? {} : { edit_date: Math.floor(message.editedMs / 1000) }),
    ...(repliedTo === undefined
      ? {}
      : { reply_to_message: messageView(repliedTo, context, false) }),
    ...contentView(message, context.files),
    ...(message.protected ? { has_protected_content: true } : {}),
    ...(message.keyboard === null ? {} : { reply_markup: { inline_keyboard: message.keyboard } }),
  };
}

function contentView(message: StoredMessage, files: FileStore): Json {
  const { text, entities } = message.body;
  const marked = entities.length > 0;
  if (message.media === null) return { text, ...(marked ? { entities } : {}) };
  return {
    ...mediaView(message, files),
    ...(text === "" ? {} : { caption: text }),
    ...(text !== "" && marked ? { caption_entities: entities } : {}),
  };
}

function mediaView({ media }: StoredMessage, files: FileStore): Json {
  if (media === null) return {};
  const file = files.get(media.fileId);
  if (media.kind === "document")
    return { document: { ...fileView(file), file_name: file.name, mime_type: file.mime } };
  const size = { ...fileView(file), width: media.width, height: media.height };
  return { photo: [size], ...(media.spoiler ? { has_media_spoiler: true } : {}) };
}

/** https://core.telegram.org/bots/api#callbackquery */
export function callbackView(
  callbackId: string,
  message: StoredMessage,
  data: string,
  context: ViewContext,
): Json {
  return {
    id: callbackId,
    from: userView(context.chat.user),
    message: messageView(message, context),
    chat_instance: createHash("sha256")
      .update(`${context.bot.id}:${message.chatId}`)
      .digest()
      .readBigInt64BE()
      .toString(),
    data,
  };
}
