import { z } from "zod";

/** Id of a message in its chat. */
export const MessageId = z.number().int().positive();

/** Kind of media of a message; null = text only. */
export const MediaKind = z.enum([
  "photo",
  "video",
  "audio",
  "voice",
  "document",
  "sticker",
  "animation",
  "poll",
  "location",
  "contact",
  "other",
]);
export type MediaKind = z.infer<typeof MediaKind>;

/**
 * A piece of formatting. Offsets and lengths count UTF-16 units
 * (https://core.telegram.org/api/entities).
 */
export const TextEntity = z.object({
  /** As in the Bot API: bold, italic, text_link, … */
  kind: z.string().max(40),
  offset: z.number().int().nonnegative(),
  length: z.number().int().positive(),
  /** Of a text_link. */
  url: z.string().exactOptional(),
  /** Of a pre. */
  language: z.string().exactOptional(),
  /** Of a text_mention, decimal. */
  userId: z.string().exactOptional(),
  /** Of a custom_emoji, decimal. */
  emojiId: z.string().exactOptional(),
});
export type TextEntity = z.infer<typeof TextEntity>;

/**
 * A message of a source, with the fields that relays use. Times are milliseconds since the Unix
 * epoch.
 */
export const SourceMessage = z.object({
  /** Marked id of its chat. */
  chat: z.string(),
  id: MessageId,
  /** Telegram's time stamp, in whole seconds. */
  date: z.number(),
  groupedId: z.string().nullable(),
  replyTo: MessageId.nullable(),
  topic: MessageId.nullable(),
  /** Marked id of the sender; null for posts of a channel. */
  sender: z.string().nullable(),
  senderName: z.string().nullable(),
  senderUsername: z.string().nullable(),
  chatTitle: z.string().nullable(),
  chatUsername: z.string().nullable(),
  text: z.string(),
  entities: z.array(TextEntity),
  media: MediaKind.nullable(),
  /** Id of its photo or file, decimal. Absent without one, and in rows of version 0.1. */
  mediaId: z.string().exactOptional(),
  /** True = an admin asked for this old message, so that its age does not matter. */
  asked: z.boolean().exactOptional(),
  /** "Restrict saving content" of the message or of its chat. */
  protected: z.boolean(),
  /** View-once or self-destruct media. */
  ephemeral: z.boolean(),
  /** For a forward: the original messages that it names, by marked id of the chat. */
  origins: z.array(z.object({ chat: z.string(), message: MessageId.nullable() })).exactOptional(),
});
export type SourceMessage = z.infer<typeof SourceMessage>;

/** A deleted message in an outbox row. */
export const GonePiece = z.object({ chat: z.string(), id: MessageId });
/** An outbox row of an alert: the message and why it matched. */
export const AlertPiece = z.object({ message: SourceMessage, because: z.array(z.string()) });
export type AlertPiece = z.infer<typeof AlertPiece>;
