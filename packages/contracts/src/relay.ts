import { z } from "zod";
import { Route, RouteId, RouteTarget } from "./routes.ts";
import { firstOf, shown } from "./shown.ts";
import { MediaKind, MessageId, TextEntity } from "./source-message.ts";
import { WorkerIdField } from "./worker-status.ts";

/** Decimal, may be negative: 64 bits do not fit into a number. */
const Int64 = z.string().regex(/^-?[0-9]{1,19}$/);

const rendered = { text: z.string().max(8192), entities: z.array(TextEntity) };

/** What follows a message as an answer to it, because it is too long for one. */
export const FollowingText = z.object({ randomId: Int64, ...rendered });
export type FollowingText = z.infer<typeof FollowingText>;

/** The same after an edit: `message` is changed; null = it is new. */
export const EditedRest = z.object({ message: MessageId.nullable(), ...FollowingText.shape });
export type EditedRest = z.infer<typeof EditedRest>;

const MAX_REST = 20;
const rest = z.array(FollowingText).max(MAX_REST).exactOptional();

/** What of a message could not be carried: that it answers another one, or its photo, file, poll, place or contact. */
const Loss = z.enum(["reply", "media"]);
export type Loss = z.infer<typeof Loss>;

/** How a video or a sound is shown. */
const FileLook = z.object({
  video: z.object({ durationS: z.number(), width: z.number(), height: z.number(), round: z.boolean() }).exactOptional(),
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

/** A file that the reader has downloaded for its sender. It lies under the reader's name, the row's number and the message's id. */
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
/** What the reader had to leave out: the sender says so in its confirmation. */
const lost = z.array(Loss).exactOptional();

/** What a sender is to do: one step of one route. `randomIds` make Telegram drop the second try of the same step. */
export const DeliveryStep = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("send"), randomId: Int64, ...rendered, replyTo: MessageId.nullable(), rest, lost }),
  z.object({
    kind: z.literal("forward"),
    fromChat: z.string(),
    fromUsername: z.string().nullable(),
    ids: z.array(MessageId).min(1).max(100),
    randomIds: z.array(Int64).min(1).max(100),
    /** True = the original's header is left out: media by reference, text as it was. */
    dropAuthor: z.boolean(),
    /**
     * It answers this message, which a forward cannot: the files are sent anew, each with its text. `to` null: it answers none, and is sent anew only where
     * the text is too long for a file of this account.
     */
    answer: z.object({ to: MessageId.nullable(), said: z.array(z.object(rendered)).min(1).max(100) }).exactOptional(),
    rest,
  }),
  /** Media that cannot travel by reference: uploaded from the disk of this host. */
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
    /** Its photo or file is another one by now: that of this message. */
    media: z.object({ fromChat: z.string(), fromUsername: z.string().nullable(), id: MessageId }).exactOptional(),
    /** For a bot, which can have it only from the disk of this host. */
    file: z.object({ row, ...CopiedFile.shape }).exactOptional(),
    /** The message has a photo or file: its text is a caption. */
    caption: z.literal(true).exactOptional(),
    lost,
    rest: z.array(EditedRest).max(MAX_REST).exactOptional(),
    /** Of what followed it, these are not needed any more. */
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

/** Where a step goes: the target of its route, or, for the route's alert, the admins. */
export const DeliveryTarget = z.discriminatedUnion("kind", [
  ...RouteTarget.options,
  z.strictObject({ kind: z.literal("admins") }),
]);
export type DeliveryTarget = z.infer<typeof DeliveryTarget>;

/** `<reader>.<number of the outbox row>.<number of the try>`: also the job id. */
export const DeliveryId = z.string().regex(/^[a-z][a-z0-9_-]{0,31}\.[0-9]{1,16}\.[0-9]{1,9}$/);

/** A step on its way to a sender. Holds message text, which Redis is trusted with, and never a secret. */
export const Delivery = z.object({
  v: z.literal(1),
  kind: z.literal("delivery"),
  id: DeliveryId,
  /** The same for every try of one step: what a sender remembers having done. */
  key: z.string().max(100),
  route: RouteId,
  reader: WorkerIdField,
  to: DeliveryTarget,
  /** Marked id of the chat that the target became, as far as the reader knows: the messages that a step answers or changes are in there. */
  landed: z.string().exactOptional(),
  step: DeliveryStep,
  /** The (first) message it is about. */
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
  /** Ids of what followed, in the order of the step. Absent: nothing did. */
  rest: z.array(MessageId.nullable()).exactOptional(),
  /** Which of them are not there, because the target refused them: by their place in `rest`. */
  refused: z.array(z.number().int().nonnegative()).exactOptional(),
};

/** How a try ended. Every try gets exactly one; the same try may be confirmed twice. */
export const DeliveryResult = z.discriminatedUnion("kind", [
  /** Ids in the target, in the order of the step; null = done, but the id is not known. */
  z.object({
    kind: z.literal("done"),
    ...sentIds,
    /** Marked id of the chat, where the target became another one than was named. */
    landed: z.string().exactOptional(),
    /** What could not be carried. */
    lost,
    at: z.number(),
  }),
  /** Not now: try again then. Costs no attempt. */
  z.object({
    kind: z.literal("parked"),
    /** By the sender's clock; readers of version 0.1 know nothing else. */
    until: z.number(),
    /** For how long. Absent from senders of version 0.1. */
    waitMs: z.number().nonnegative().exactOptional(),
    reason: shown(300),
    /** What was answered. Absent: a wait that ends by itself. */
    code: shown(100).exactOptional(),
  }),
  /** This message will never be taken; the next one may be. */
  z.object({ kind: z.literal("refused"), code: shown(100), reason: shown(300) }),
  /** The target takes nothing: the route waits for a person. */
  z.object({ kind: z.literal("blocked"), code: shown(100), reason: shown(300) }),
  /** The sender cannot read the source: the reader downloads what it is about, and asks again. */
  z.object({ kind: z.literal("no-access"), code: shown(100), reason: shown(300) }),
  /** Something unexpected; worth another try. `sent`: what was sent before it. */
  z.object({ kind: z.literal("failed"), code: shown(100), reason: shown(300), sent: z.object(sentIds).exactOptional() }),
]);
export type DeliveryResult = z.infer<typeof DeliveryResult>;

/** A sender's word about one try, on its way back to the reader. */
export const Confirmation = z.object({
  v: z.literal(1),
  kind: z.literal("confirmation"),
  id: DeliveryId,
  /** Of the step: a number that was given twice (a session taken back from a copy) confirms nothing wrong. */
  key: z.string().max(100),
  route: RouteId,
  result: DeliveryResult,
});
export type Confirmation = z.infer<typeof Confirmation>;

/** The routes of one reader, from the bot. An older version than the known one is ignored. */
export const RoutesForReader = z.object({
  v: z.literal(1),
  kind: z.literal("routes"),
  worker: WorkerIdField,
  version: z.number().int().nonnegative(),
  routes: z.array(Route).max(500),
});
export type RoutesForReader = z.infer<typeof RoutesForReader>;

/** From a reader: this route has no target with that sender any more, or another one. What its target's name led to is forgotten. */
export const TargetGone = z.object({
  v: z.literal(1),
  kind: z.literal("target-gone"),
  route: RouteId,
  /** Version of the routes that say so. */
  version: z.number().int().nonnegative(),
});
export type TargetGone = z.infer<typeof TargetGone>;

/** What travels on the relay queue of a worker. */
export const RelayMessage = z.discriminatedUnion("kind", [Delivery, Confirmation, RoutesForReader, TargetGone]);
export type RelayMessage = z.infer<typeof RelayMessage>;
