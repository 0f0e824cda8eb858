import { withoutUndefined } from "@flotilla/kernel";
import type {
  InboxEvent,
  MediaReference,
  MessageContent,
  TextEntity,
} from "@flotilla/session-store";
import { Api } from "telegram";
import { boxOfPeer } from "./box.ts";
import { markedId } from "./marked.ts";

/** A message of a user, or of the chat itself ("joined", "pinned"). */
export type AnyMessage = Api.Message | Api.MessageService;

/** Kinds as the Bot API names them (https://core.telegram.org/bots/api#messageentity). */
const ENTITY_KINDS: Readonly<Record<string, string>> = {
  MessageEntityBold: "bold",
  MessageEntityItalic: "italic",
  MessageEntityUnderline: "underline",
  MessageEntityStrike: "strikethrough",
  MessageEntitySpoiler: "spoiler",
  MessageEntityBlockquote: "blockquote",
  MessageEntityCode: "code",
  MessageEntityPre: "pre",
  MessageEntityTextUrl: "text_link",
  MessageEntityMentionName: "text_mention",
  MessageEntityCustomEmoji: "custom_emoji",
  MessageEntityUrl: "url",
  MessageEntityEmail: "email",
  MessageEntityPhone: "phone_number",
  MessageEntityMention: "mention",
  MessageEntityHashtag: "hashtag",
  MessageEntityCashtag: "cashtag",
  MessageEntityBotCommand: "bot_command",
};

/** Context of a message in its answer or update. */
export interface Around {
  /** Chats and channels of the same answer: one may restrict forwarding. */
  readonly chats: readonly unknown[];
  /** The pts of an edit. */
  readonly version?: number;
}

/** The inbox event of a sent or edited message. Null for an empty one. */
export function messageEvent(
  message: unknown,
  kind: "new" | "edit",
  { chats, version = 0 }: Around,
): InboxEvent | null {
  if (!(message instanceof Api.Message || message instanceof Api.MessageService)) return null;
  const { peerId, id, date } = message;
  const at = kind === "edit" && message instanceof Api.Message ? (message.editDate ?? date) : date;
  const said = message instanceof Api.Message ? contentOf(message) : serviceContent(message);
  const content = isProtected(chats, peerId) ? { ...said, noforwards: true } : said;
  const where = { box: boxOfPeer(peerId), chat: markedId(peerId), messageId: id };
  return { kind, ...where, version, date: at * 1000, content };
}

/** Whether the whole chat restricts saving content. */
function isProtected(chats: readonly unknown[], peerId: Api.TypePeer): boolean {
  const id = markedId(peerId);
  return chats.some(
    (chat) =>
      (chat instanceof Api.Channel || chat instanceof Api.Chat) &&
      chat.noforwards === true &&
      markedId(chat) === id,
  );
}

function contentOf(message: Api.Message): MessageContent {
  const media = mediaOf(message.media);
  const origins = originsOf(message.fwdFrom);
  return {
    ...common(message),
    ...(origins.length > 0 ? { origins } : {}),
    text: message.message,
    entities: (message.entities ?? []).map(entityOf),
    media: media?.reference ?? null,
    groupedId: message.groupedId?.toString() ?? null,
    noforwards: message.noforwards === true,
    ttlS: media?.ttlS ?? null,
    service: false,
  };
}

/**
 * Origins of a forward: its author's post, and the forwarded message (a discussion group names
 * both).
 */
function originsOf(
  header: Api.MessageFwdHeader | undefined,
): NonNullable<MessageContent["origins"]> {
  if (!header) return [];
  const { fromId, channelPost, savedFromPeer, savedFromMsgId } = header;
  return [originOf(fromId, channelPost), originOf(savedFromPeer, savedFromMsgId)].flat();
}

function originOf(
  peer: Api.TypePeer | undefined,
  message: number | undefined,
): NonNullable<MessageContent["origins"]> {
  return peer ? [{ chat: markedId(peer), message: message ?? null }] : [];
}

function serviceContent(message: Api.MessageService): MessageContent {
  return {
    ...common(message),
    text: "",
    entities: [],
    media: null,
    groupedId: null,
    noforwards: false,
    ttlS: null,
    service: true,
  };
}

function common({
  fromId,
  peerId,
  out,
  replyTo,
}: AnyMessage): Pick<MessageContent, "from" | "out" | "replyTo" | "topicId"> {
  // Private chats leave the sender out: it is the other user, or the account itself.
  const other = peerId instanceof Api.PeerUser && !out ? markedId(peerId) : null;
  const reply = replyTo instanceof Api.MessageReplyHeader ? replyTo : null;
  const topicId = reply?.forumTopic ? (reply.replyToTopId ?? reply.replyToMsgId ?? null) : null;
  // In a topic, a message that replies to none names the topic's first message
  // (https://core.telegram.org/api/forum). A reply to a message of another chat names that chat,
  // and the number belongs to it.
  const there = reply?.replyToPeerId ? markedId(reply.replyToPeerId) : markedId(peerId);
  const answered = there === markedId(peerId) ? (reply?.replyToMsgId ?? null) : null;
  const replyToId = answered === topicId ? null : answered;
  return {
    from: fromId ? markedId(fromId) : other,
    out: out === true,
    replyTo: replyToId,
    topicId,
  };
}

function entityOf(entity: Api.TypeMessageEntity): TextEntity {
  const { className, offset, length } = entity;
  const kind = ENTITY_KINDS[className] ?? "unknown";
  if (entity instanceof Api.MessageEntityBlockquote && entity.collapsed)
    return { kind: "expandable_blockquote", offset, length };
  if (entity instanceof Api.MessageEntityTextUrl) return { kind, offset, length, url: entity.url };
  if (entity instanceof Api.MessageEntityPre)
    return { kind, offset, length, language: entity.language };
  if (entity instanceof Api.MessageEntityMentionName)
    return { kind, offset, length, userId: entity.userId.toString() };
  if (entity instanceof Api.MessageEntityCustomEmoji)
    return { kind, offset, length, emojiId: entity.documentId.toString() };
  return { kind, offset, length };
}

interface FoundMedia {
  readonly reference: MediaReference;
  readonly ttlS: number | null;
}

function mediaOf(media: Api.TypeMessageMedia | undefined): FoundMedia | null {
  if (!media || media instanceof Api.MessageMediaEmpty) return null;
  if (media instanceof Api.MessageMediaPhoto) return photoOf(media);
  if (media instanceof Api.MessageMediaDocument) return documentOf(media);
  if (media instanceof Api.MessageMediaWebPage) {
    const url = "url" in media.webpage && media.webpage.url ? { url: media.webpage.url } : {};
    return { reference: { kind: "webpage", ...url }, ttlS: null };
  }
  const kind = media.className.replace(/^MessageMedia/, "").toLowerCase();
  return { reference: { kind }, ttlS: null };
}

function photoOf({ photo, spoiler, ttlSeconds }: Api.MessageMediaPhoto): FoundMedia {
  const file = photo instanceof Api.Photo ? fileOf(photo) : {};
  const shown = withoutUndefined({ spoiler: spoiler || undefined });
  return { reference: { kind: "photo", ...file, ...shown }, ttlS: ttlSeconds ?? null };
}

function documentOf({ document, spoiler, ttlSeconds }: Api.MessageMediaDocument): FoundMedia {
  const ttlS = ttlSeconds ?? null;
  if (!(document instanceof Api.Document)) return { reference: { kind: "document" }, ttlS };
  const name = document.attributes.find(
    (attribute) => attribute instanceof Api.DocumentAttributeFilename,
  );
  const reference: MediaReference = {
    kind: "document",
    ...fileOf(document),
    mime: document.mimeType,
    sizeBytes: Number(document.size),
    shown: shownAs(document.attributes),
    ...withoutUndefined({ fileName: name?.fileName, spoiler: spoiler || undefined }),
  };
  return { reference, ttlS };
}

/**
 * How a client shows a document. Its attributes decide, not its MIME type: a film sent as a file is
 * a file.
 */
function shownAs(
  attributes: readonly Api.TypeDocumentAttribute[],
): NonNullable<MediaReference["shown"]> {
  const video = attributes.some((attribute) => attribute instanceof Api.DocumentAttributeVideo);
  const audio = attributes.find((attribute) => attribute instanceof Api.DocumentAttributeAudio);
  if (attributes.some((attribute) => attribute instanceof Api.DocumentAttributeSticker))
    return "sticker";
  if (attributes.some((attribute) => attribute instanceof Api.DocumentAttributeAnimated))
    return "animation";
  if (video) return "video";
  if (audio) return audio.voice ? "voice" : "audio";
  return "file";
}

function fileOf(
  file: Api.Photo | Api.Document,
): Pick<MediaReference, "id" | "accessHash" | "fileReference"> {
  return {
    id: file.id.toString(),
    accessHash: file.accessHash.toString(),
    fileReference: Buffer.from(file.fileReference).toString("base64"),
  };
}
