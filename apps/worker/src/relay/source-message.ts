import { isServiceChat, type MediaKind, type SourceMessage } from "@flotilla/contracts";
import { withoutUndefined } from "@flotilla/kernel";
import type { InboxRow, MessageContent, SessionStore } from "@flotilla/session-store";

/** What was received, with the names the account knows. */
export function toSourceMessage(
  store: Pick<SessionStore, "entities">,
  where: Pick<InboxRow, "chat" | "messageId" | "date">,
  content: MessageContent,
): SourceMessage {
  const chat = store.entities.byId(where.chat);
  const sender = content.from === null ? null : store.entities.byId(content.from);
  const { text, entities, groupedId, replyTo, topicId, from, origins } = content;
  return {
    chat: where.chat,
    id: where.messageId,
    date: where.date,
    groupedId,
    replyTo,
    topic: topicId,
    sender: from,
    senderName: sender?.name ?? null,
    senderUsername: sender?.username ?? null,
    chatTitle: chat?.name ?? null,
    chatUsername: chat?.username ?? null,
    text,
    // Formatting of nothing is nothing, and no contract takes it.
    entities: entities.filter(({ offset, length }) => offset >= 0 && length > 0),
    media: mediaKind(content.media),
    ...withoutUndefined({ mediaId: content.media?.id, origins: origins && [...origins] }),
    // What comes from a service chat carries a login code, also when a person forwards it.
    // Not every message says it: a short one and an edit bring no chats.
    protected:
      content.noforwards ||
      chat?.protected === true ||
      origins?.some(({ chat: origin }) => isServiceChat(origin)) === true,
    ephemeral: content.ttlS !== null,
  };
}

const KINDS: Readonly<Record<string, MediaKind | null>> = {
  photo: "photo",
  webpage: null,
  geo: "location",
  venue: "location",
  contact: "contact",
  poll: "poll",
};

/** A preview of a link is no media: the text is all there is. */
function mediaKind(media: MessageContent["media"]): MediaKind | null {
  if (media === null) return null;
  if (media.kind !== "document")
    return Object.hasOwn(KINDS, media.kind) ? (KINDS[media.kind] ?? null) : "other";
  const { shown = "file" } = media;
  return shown === "file" ? "document" : shown;
}

/** What can be downloaded at all: a poll or a place is no file. */
export function isFile({ media }: SourceMessage): boolean {
  return media !== null && !WITHOUT_FILE.has(media);
}

const WITHOUT_FILE: ReadonlySet<MediaKind> = new Set(["poll", "location", "contact", "other"]);
