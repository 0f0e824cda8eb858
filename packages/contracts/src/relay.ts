import { z } from "zod";
import { Route, RouteId, RouteTarget } from "./routes.ts";
import { firstOf, shown } from "./shown.ts";
import { MediaKind, MessageId, TextEntity } from "./source-message.ts";
import { WorkerIdField } from "./worker-status.ts";

/** Decimal text, possibly negative: a number cannot hold 64 bits. */
const Int64 = z.string().regex(/^-?[0-9]{1,19}$/);

const rendered = { text: z.string().max(8192), entities: z.array(TextEntity) };

/** A further part of a text that is too long for one message, sent as a reply to the first part. */
export const FollowingText = z.object({ randomId: Int64, ...rendered });
export type FollowingText = z.infer<typeof FollowingText>;

/** A further part after an edit: `message` is edited; null = it is sent as new. */
export const EditedRest = z.object({ message: MessageId.nullable(), ...FollowingText.shape });
export type EditedRest = z.infer<typeof EditedRest>;

const MAX_REST = 20;
const rest = z.array(FollowingText).max(MAX_REST).exactOptional();

/** What was not carried over: the reply, or the media (photo, file, poll, place, contact). */
const Loss = z.enum(["reply", "media"]);
export type Loss = z.infer<typeof Loss>;

/** How a video or a sound is shown. */
const FileLook = z.object({
  video: z
    .object({ durationS: z.number(), width: z.number(), height: z.number(), round: z.boolean() })
    .exactOptional(),
  audio: z
    .object({
      durationS: z.number(),
      voice: z.boolean(),
      title: z.string().exactOptional(),
      performer: z.string().exactOptional(),
    })
    .exactOptional(),
  animated: z.boolean().exactOptional(),
  /** The emoji that a sticker stands for; may be empty. */
  sticker: shown(64).exactOptional(),
  /** Hidden until it is tapped. */
  spoiler: z.boolean().exactOptional(),
});

/**
 * A file that the reader has downloaded for its sender. Its path contains the reader, the row's
 * number and the message's id.
 */
export const CopiedFile = z.object({
  message: MessageId,
  randomId: Int64,
  ...rendered,
  photo: z.boolean(),
  /** Absent from readers of version 0.1. */
  kind: MediaKind.exactOptional(),
  mime: shown(200),
  name: shown(300).nullable(),
  sizeBytes: z.number().int().positive(),
  look: FileLook,
});
export type CopiedFile = z.infer<typeof CopiedFile>;

const row = z.number().int().positive();
/** What the reader left out; the sender repeats it in its confirmation. */
const lost = z.array(Loss).exactOptional();

/** One step of one route for a sender. Telegram drops a second try with the same `randomIds`. */
export const DeliveryStep = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("send"),
    randomId: Int64,
    ...rendered,
    replyTo: MessageId.nullable(),
    rest,
    lost,
  }),
  z.object({
    kind: z.literal("forward"),
    fromChat: z.string(),
    fromUsername: z.string().nullable(),
    ids: z.array(MessageId).min(1).max(100),
    randomIds: z.array(Int64).min(1).max(100),
    /** True = the original's header is left out: media by reference, text unchanged. */
    dropAuthor: z.boolean(),
    /**
     * The message that the copy replies to. A forward cannot reply, so the sender sends the files
     * as new messages, each with its text. `to` null = no reply: new messages only when the text is
     * too long for a file of this account.
     */
    answer: z
      .object({ to: MessageId.nullable(), said: z.array(z.object(rendered)).min(1).max(100) })
      .exactOptional(),
    rest,
  }),
  /** Media that cannot be sent by reference: uploaded from the disk of this host. */
  z.object({
    kind: z.literal("upload"),
    row,
    files: z.array(CopiedFile).min(1).max(10),
    replyTo: MessageId.nullable(),
    rest,
  }),
  z.object({
    kind: z.literal("edit"),
    message: MessageId,
    ...rendered,
    /** Replaces its photo or file by that of this message. */
    media: z
      .object({ fromChat: z.string(), fromUsername: z.string().nullable(), id: MessageId })
      .exactOptional(),
    /** For a bot, which can send the file only from the disk of this host. */
    file: z.object({ row, ...CopiedFile.shape }).exactOptional(),
    /** The message has a photo or file: its text is a caption. */
    caption: z.literal(true).exactOptional(),
    lost,
    rest: z.array(EditedRest).max(MAX_REST).exactOptional(),
    /** Further parts that the edit makes needless; they are deleted. */
    surplus: z.array(MessageId).max(MAX_REST).exactOptional(),
  }),
  /** For the admins: what matched, and where. */
  z.object({
    kind: z.literal("alert"),
    source: shown(200),
    because: firstOf(shown(300), 50),
    excerpt: shown(300),
    link: z.string().max(300).nullable(),
    silent: z.boolean(),
  }),
  z.object({ kind: z.literal("delete"), messages: z.array(MessageId).min(1).max(100) }),
]);
export type DeliveryStep = z.infer<typeof DeliveryStep>;

/** Destination of a step: the target of its route or, for the route's alert, the admins. */
export const DeliveryTarget = z.discriminatedUnion("kind", [
  ...RouteTarget.options,
  z.strictObject({ kind: z.literal("admins") }),
]);
export type DeliveryTarget = z.infer<typeof DeliveryTarget>;

/** `<reader>.<outbox row>.<try>`; also the job id. */
export const DeliveryId = z.string().regex(/^[a-z][a-z0-9_-]{0,31}\.[0-9]{1,16}\.[0-9]{1,9}$/);

/**
 * A step on its way to a sender. Contains message text, with which Redis is trusted, and never a
 * secret.
 */
export const Delivery = z.object({
  v: z.literal(1),
  kind: z.literal("delivery"),
  id: DeliveryId,
  /** The same for every try of one step; the sender remembers the keys it has carried out. */
  key: z.string().max(100),
  route: RouteId,
  reader: WorkerIdField,
  /** Address of the reader's host, for files of an upload. Absent: the host has none. */
  filesAt: z
    .url({ protocol: /^https?$/ })
    .max(300)
    .exactOptional(),
  to: DeliveryTarget,
  /**
   * Marked id of the chat that the target became, as far as the reader knows; it contains the
   * messages that the step replies to or changes.
   */
  landed: z.string().exactOptional(),
  step: DeliveryStep,
  /** The (first) message that the step is about. */
  source: z.object({
    chat: z.string(),
    id: MessageId,
    date: z.number().nullable(),
    title: z.string().nullable(),
    link: z.string().nullable(),
  }),
});
export type Delivery = z.infer<typeof Delivery>;

const sentIds = {
  ids: z.array(MessageId.nullable()),
  /** Message ids of the further parts, in the order of the step. Absent = none. */
  rest: z.array(MessageId.nullable()).exactOptional(),
  /** Indexes in `rest` of the parts that the target refused. */
  refused: z.array(z.number().int().nonnegative()).exactOptional(),
};

/** Result of a try. Every try gets exactly one; the same try may be confirmed twice. */
export const DeliveryResult = z.discriminatedUnion("kind", [
  /** Message ids in the target, in the order of the step; null = sent, id not known. */
  z.object({
    kind: z.literal("done"),
    ...sentIds,
    /** Marked id of the chat when the target became another one than was named. */
    landed: z.string().exactOptional(),
    /** What could not be carried. */
    lost,
    at: z.number(),
  }),
  /** Retry at that time. Does not count as an attempt. */
  z.object({
    kind: z.literal("parked"),
    /** By the sender's clock; readers of version 0.1 know only this. */
    until: z.number(),
    /** Length of the wait. Absent from senders of version 0.1. */
    waitMs: z.number().nonnegative().exactOptional(),
    reason: shown(300),
    /** The answer. Absent = a wait that ends on its own. */
    code: shown(100).exactOptional(),
  }),
  /** The target refuses this message for good; it may take the next one. */
  z.object({ kind: z.literal("refused"), code: shown(100), reason: shown(300) }),
  /** The target refuses everything: the route waits for an admin. */
  z.object({ kind: z.literal("blocked"), code: shown(100), reason: shown(300) }),
  /**
   * The sender cannot read the source: the reader downloads the media and orders the step again.
   */
  z.object({ kind: z.literal("no-access"), code: shown(100), reason: shown(300) }),
  /** An unexpected error: retry. `sent` = the messages sent before it. */
  z.object({
    kind: z.literal("failed"),
    code: shown(100),
    reason: shown(300),
    sent: z.object(sentIds).exactOptional(),
  }),
]);
export type DeliveryResult = z.infer<typeof DeliveryResult>;

/** A sender's result of one try, on its way back to the reader. */
export const Confirmation = z.object({
  v: z.literal(1),
  kind: z.literal("confirmation"),
  id: DeliveryId,
  /**
   * Key of the step: a session restored from a backup can use a number twice, and the key prevents
   * a wrong confirmation.
   */
  key: z.string().max(100),
  route: RouteId,
  result: DeliveryResult,
});
export type Confirmation = z.infer<typeof Confirmation>;

/** The routes of one reader, from the bot. The reader ignores an older version than its own. */
export const RoutesForReader = z.object({
  v: z.literal(1),
  kind: z.literal("routes"),
  worker: WorkerIdField,
  version: z.number().int().nonnegative(),
  routes: z.array(Route).max(500),
});
export type RoutesForReader = z.infer<typeof RoutesForReader>;

/**
 * From a reader: this route has no target with that sender any more, or another one. What its
 * target's name led to is forgotten.
 */
export const TargetGone = z.object({
  v: z.literal(1),
  kind: z.literal("target-gone"),
  route: RouteId,
  /** Version of the routes that say so. */
  version: z.number().int().nonnegative(),
});
export type TargetGone = z.infer<typeof TargetGone>;

/** What travels on the relay queue of a worker. */
export const RelayMessage = z.discriminatedUnion("kind", [
  Delivery,
  Confirmation,
  RoutesForReader,
  TargetGone,
]);
export type RelayMessage = z.infer<typeof RelayMessage>;
