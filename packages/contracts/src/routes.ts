import { z } from "zod";
import { shown } from "./shown.ts";
import { WorkerIdField } from "./worker-status.ts";

/**
 * Most chats that one worker may deliver to: relays serve a few fixed places, never lists of people
 * (docs/safety.md).
 */
export const MAX_TARGETS_PER_WORKER = 20;

/**
 * A chat as an admin names it: marked id (user 123, group -123, channel -100123), `@username`, or
 * `me` (Saved Messages).
 */
export const ChatRef = z
  .string()
  .regex(
    /^(?:-?[1-9][0-9]{0,18}|@[A-Za-z][A-Za-z0-9_]{3,31}|me)$/,
    "a chat is a number such as -1001234567890, @username, or me",
  );
export type ChatRef = z.infer<typeof ChatRef>;

/**
 * Chats in which Telegram itself writes to an account: 777000 and its earlier numbers (login
 * codes), the account of verification codes, and the collected replies. The list is that of
 * Telegram's own clients (TDLib: `UserManager::get_*_user_id`).
 */
const SERVICE_CHATS: ReadonlySet<string> = new Set([
  "777000",
  "333000",
  "42777",
  "489000",
  "1271266957",
  "708513",
]);
/**
 * Admins write −100 before any number. Channel ids begin above 10^9, so no channel has such a short
 * id.
 */
const MARK = /^-100(?=0*[1-9][0-9]{4,5}$)0*/;
const SERVICE_NAMES: ReadonlySet<string> = new Set(["@verificationcodes", "@replies"]);

/**
 * Whether a chat is one of Telegram's service chats, by marked id, by its number after −100, or by
 * `@name`. Flotilla neither reads them nor writes to them (docs/safety.md): Telegram cancels a
 * login code that is passed on, so that no login of the account succeeds.
 */
export function isServiceChat(ref: string): boolean {
  return SERVICE_CHATS.has(ref.replace(MARK, "")) || SERVICE_NAMES.has(ref.toLowerCase());
}

/** Id of a route; part of database keys and buttons. */
export const RouteId = z
  .string()
  .regex(
    /^[a-z][a-z0-9_-]{0,31}$/,
    "a route name has 1 to 32 of a-z 0-9 _ - and starts with a letter",
  );
export type RouteId = z.infer<typeof RouteId>;

/**
 * The General topic, which every forum has. Neither its messages nor sends to it name a topic
 * (https://core.telegram.org/api/forum).
 */
export const GENERAL_TOPIC = 1;

/**
 * A topic of a forum, by the id of its first message: the number in its link,
 * `t.me/c/<chat>/<topic>`.
 */
const Topic = z.number().int().positive();

/** A chat of an account that an admin can choose for a route. */
export const KnownChat = z.object({
  /** `@name`, or the marked id of a chat without one. */
  ref: ChatRef,
  title: shown(128),
  kind: z.enum(["channel", "group", "person"]),
  forum: z.boolean(),
  /** True = the account may write there. */
  mayWrite: z.boolean(),
});
export type KnownChat = z.infer<typeof KnownChat>;

/** A topic of a forum that an admin can choose for a route. */
export const KnownTopic = z.object({ id: Topic, title: shown(128), closed: z.boolean() });
export type KnownTopic = z.infer<typeof KnownTopic>;

const WebhookUrl = z
  .string()
  .max(500)
  .regex(
    /^(?:https:\/\/[^\s@]+|http:\/\/(?:127\.[0-9.]+|localhost|\[::1\])(?:[:/][^\s@]*)?)$/,
    "a webhook is an https address without a password in it (http only on this machine)",
  );

/** Where a route delivers to. Fixed: no kind of target is a list of people. */
export const RouteTarget = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("worker"),
    worker: WorkerIdField,
    chat: ChatRef,
    topic: Topic.optional(),
  }),
  z.strictObject({ kind: z.literal("bot"), chat: ChatRef, topic: Topic.optional() }),
  z.strictObject({ kind: z.literal("webhook"), url: WebhookUrl }),
]);
export type RouteTarget = z.infer<typeof RouteTarget>;

/** What a route does with a message: forward it as it is, or send new text made by a template. */
export const RouteAction = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("forward") }),
  z.strictObject({
    kind: z.literal("copy"),
    template: z.string().min(1).max(1000).default("{text}"),
  }),
]);
export type RouteAction = z.infer<typeof RouteAction>;

/** One relay: from chats that one worker reads to one target. */
export const Route = z.strictObject({
  id: RouteId,
  on: z.boolean().default(true),
  from: z.strictObject({
    worker: WorkerIdField,
    chats: z.array(ChatRef).min(1).max(50),
    topic: Topic.optional(),
    /** Sources that are paused. */
    paused: z.array(ChatRef).max(50).optional(),
  }),
  /** Which messages, in the rule syntax of docs/relays.md; empty = all. */
  filter: z.string().max(500).default(""),
  action: RouteAction.default({ kind: "copy", template: "{text}" }),
  to: RouteTarget,
  /** Apply edits and deletions to delivered messages. */
  edits: z.boolean().default(true),
  deletes: z.boolean().default(true),
  /**
   * Skip and count messages older than this when their turn comes: 90s, 30m, 2h or 7d. Absent = no
   * limit.
   */
  maxAge: z
    .string()
    .regex(/^[1-9][0-9]{0,4}[smhd]$/, "an age is a number with s, m, h or d: 90s, 30m, 2h, 7d")
    .optional(),
  /**
   * Largest file that is downloaded and uploaded, in megabytes; 0 = none. Files sent by reference
   * have no limit.
   */
  maxFileMb: z.number().int().min(0).max(2000).default(50),
  /** Whether each matching message alerts the admins. */
  alert: z.enum(["off", "silent", "sound"]).default("off"),
});
export type Route = z.infer<typeof Route>;

/** The file that `flotilla routes apply` reads and `export` writes. */
export const RouteFile = z.strictObject({ version: z.literal(1), routes: z.array(Route).max(500) });
export type RouteFile = z.infer<typeof RouteFile>;

/**
 * The JSON schema of a route file, as in docs/routes.schema.json: what a file may contain, before
 * defaults.
 */
export function routeFileSchema(): Record<string, unknown> {
  return {
    title: "Flotilla routes",
    ...z.toJSONSchema(RouteFile, { io: "input", target: "draft-2020-12" }),
  };
}
