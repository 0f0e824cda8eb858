import type { BotBackend } from "./backend.ts";
import { parseMarkup } from "./keyboard.ts";
import { readMedia } from "./media.ts";
import type { Method } from "./methods.ts";
import { refusal } from "./model/refusal.ts";
import type { Chat, Media, RichText } from "./model/types.ts";
import type { Params } from "./params.ts";
import { captionText, messageText, type TextInput } from "./text/rich-text.ts";

const ACTIONS = (
  "typing upload_photo record_video upload_video record_voice upload_voice upload_document " +
  "choose_sticker find_location record_video_note upload_video_note"
).split(" ");

/**
 * sendMessage, sendPhoto, sendDocument, sendChatAction.
 * https://core.telegram.org/bots/api#available-methods
 */
export const sendMethods: Record<string, Method> = {
  sendMessage: (backend, params) =>
    send(backend, params, messageText(textInput(params, "text")), null),
  sendPhoto: (backend, params) => sendMedia(backend, params, "photo"),
  sendDocument: (backend, params) => sendMedia(backend, params, "document"),
  sendChatAction(backend, params) {
    const chat = backend.chats.writable(params.integer("chat_id"));
    const action = params.text("action") ?? "";
    if (!ACTIONS.includes(action)) throw refusal(400, "wrong parameter action in request");
    backend.hub.emit({ type: "action", chatId: chat.user.id, action });
    return true;
  },
};

/**
 * Text, mode and entities under the names this method uses (`text`/`entities` or
 * `caption`/`caption_entities`).
 */
export function textInput(params: Params, field: "text" | "caption"): TextInput {
  return {
    text: params.text(field) ?? "",
    parseMode: params.text("parse_mode"),
    entities: params.json(field === "text" ? "entities" : "caption_entities"),
  };
}

function sendMedia(backend: BotBackend, params: Params, kind: Media["kind"]): unknown {
  const caption = captionText(textInput(params, "caption"));
  backend.chats.writable(params.integer("chat_id"));
  const media = readMedia(backend, params, kind);
  if (media.kind === "photo") media.spoiler = params.flag("has_spoiler");
  return send(backend, params, caption, media);
}

function send(backend: BotBackend, params: Params, body: RichText, media: Media | null): unknown {
  const chat = backend.chats.writable(params.integer("chat_id"));
  if (params.integer("message_thread_id")) throw refusal(400, "message thread not found");
  const markup = parseMarkup(params.json("reply_markup"));
  const replyTo = repliedMessage(backend, chat, params);
  if (markup?.kind === "reply") chat.replyKeyboard = markup.labels;
  if (markup?.kind === "remove") chat.replyKeyboard = null;
  const message = backend.post(chat, {
    ...{ fromBot: true, body, media, replyTo },
    keyboard: markup?.kind === "inline" && markup.rows.length > 0 ? markup.rows : null,
    silent: params.flag("disable_notification"),
    protected: params.flag("protect_content"),
  });
  if (markup !== null && markup.kind !== "inline")
    backend.hub.emit({ type: "chat", chatId: chat.user.id });
  return backend.view(chat, message);
}

function repliedMessage(backend: BotBackend, chat: Chat, params: Params): number | null {
  const given = params.json("reply_parameters") as
    | { message_id?: unknown; allow_sending_without_reply?: unknown }
    | undefined;
  const messageId =
    given === undefined ? params.integer("reply_to_message_id") : Number(given.message_id);
  if (messageId === undefined) return null;
  if (backend.chats.message(chat, messageId) !== undefined) return messageId;
  if (given?.allow_sending_without_reply === true || params.flag("allow_sending_without_reply"))
    return null;
  throw refusal(400, "message to be replied not found");
}
