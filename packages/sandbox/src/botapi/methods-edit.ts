import { isDeepStrictEqual } from "node:util";
import type { BotBackend } from "./backend.ts";
import { parseMarkup } from "./keyboard.ts";
import { readMedia } from "./media.ts";
import type { Method } from "./methods.ts";
import { textInput } from "./methods-send.ts";
import { refusal } from "./model/refusal.ts";
import type { Chat, InlineButton, Media, RichText, StoredMessage } from "./model/types.ts";
import type { Params } from "./params.ts";
import { captionText, messageText } from "./text/rich-text.ts";

const NOT_MODIFIED =
  "message is not modified: specified new message content and reply markup are exactly the " +
  "same as a current content and reply markup of the message";

/** The parts of a message an edit may change. */
interface Content {
  body: RichText;
  media: Media | null;
  keyboard: InlineButton[][] | null;
}

/**
 * The edit methods. Without `reply_markup` an edit drops the keyboard.
 * https://core.telegram.org/bots/api#updating-messages
 */
export const editMethods: Record<string, Method> = {
  editMessageText(backend, params) {
    const { chat, message } = editable(backend, params);
    if (message.media !== null) throw refusal(400, "there is no text in the message to edit");
    return apply(backend, chat, message, {
      body: messageText(textInput(params, "text")),
      media: null,
      keyboard: keyboard(params),
    });
  },
  editMessageCaption(backend, params) {
    const { chat, message } = editable(backend, params);
    if (message.media === null) throw refusal(400, "there is no caption in the message to edit");
    const body = captionText(textInput(params, "caption"));
    return apply(backend, chat, message, {
      body,
      media: message.media,
      keyboard: keyboard(params),
    });
  },
  editMessageMedia(backend, params) {
    const { chat, message } = editable(backend, params);
    return apply(backend, chat, message, {
      ...inputMedia(backend, params),
      keyboard: keyboard(params),
    });
  },
  editMessageReplyMarkup(backend, params) {
    const { chat, message } = editable(backend, params);
    return apply(backend, chat, message, {
      body: message.body,
      media: message.media,
      keyboard: keyboard(params),
    });
  },
};

function editable(backend: BotBackend, params: Params): { chat: Chat; message: StoredMessage } {
  if (params.text("inline_message_id") !== undefined) throw refusal(400, "MESSAGE_ID_INVALID");
  const chat = backend.chats.writable(params.integer("chat_id"));
  const message = backend.chats.message(chat, params.integer("message_id"));
  if (message === undefined) throw refusal(400, "message to edit not found");
  if (!message.fromBot) throw refusal(400, "message can't be edited");
  return { chat, message };
}

function keyboard(params: Params): InlineButton[][] | null {
  const markup = parseMarkup(params.json("reply_markup"));
  if (markup !== null && markup.kind !== "inline") throw refusal(400, "inline keyboard expected");
  return markup === null || markup.rows.length === 0 ? null : markup.rows;
}

/** https://core.telegram.org/bots/api#inputmedia – photo and document; the caption comes inside. */
function inputMedia(backend: BotBackend, params: Params): { body: RichText; media: Media } {
  const given = params.json("media") as Record<string, unknown> | undefined;
  if (typeof given !== "object" || given === null)
    throw refusal(400, "can't parse InputMedia: expected an Object");
  const {
    type,
    media,
    caption,
    parse_mode: parseMode,
    caption_entities: entities,
    has_spoiler: spoiler,
  } = given;
  if (type !== "photo" && type !== "document")
    throw refusal(400, `can't parse InputMedia: media type "${String(type)}" is not modelled`);
  if (typeof media !== "string") throw refusal(400, "can't parse InputMedia: media not found");
  const body = captionText({
    text: typeof caption === "string" ? caption : "",
    parseMode: typeof parseMode === "string" ? parseMode : undefined,
    entities,
  });
  const read = readMedia(backend, params, type, media);
  return { body, media: read.kind === "photo" ? { ...read, spoiler: spoiler === true } : read };
}

function apply(backend: BotBackend, chat: Chat, message: StoredMessage, next: Content): unknown {
  const before: Content = { body: message.body, media: message.media, keyboard: message.keyboard };
  if (isDeepStrictEqual(before, next)) throw refusal(400, NOT_MODIFIED);
  Object.assign(message, next);
  backend.edited(message);
  return backend.view(chat, message);
}
