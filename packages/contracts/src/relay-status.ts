import { z } from "zod";
import { Route, RouteFile, RouteId } from "./routes.ts";
import { WorkerIdField } from "./worker-status.ts";

const Time = z.number();
const Count = z.number().int().nonnegative();

/**
 * Why a route does not deliver: `blocked` = the target refuses everything; `held` = its sender
 * cannot act (flood waits, which end on their own, are not reported); `silent` = its sender does
 * not answer.
 */
export const RouteStuck = z.object({
  kind: z.enum(["blocked", "held", "silent"]),
  /** The answer of Telegram, the webhook or the sender; empty for `silent`. */
  code: z.string(),
  since: Time,
});
export type RouteStuck = z.infer<typeof RouteStuck>;

/** Status of one route, as its reader sees it. Times are milliseconds since the Unix epoch. */
export const RouteStatus = z.object({
  route: RouteId,
  waiting: Count,
  poison: Count,
  /** Reason of the oldest message set aside, or null. */
  poisonReason: z.string().nullable(),
  /** matched, delivered, filtered, protected, ephemeral, edited, deleted, … */
  counts: z.record(z.string(), Count),
  /**
   * Median delay from Telegram's time stamp (whole seconds) to delivery, over the latest
   * deliveries; null without any.
   */
  p50Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
  lastDeliveredAt: Time.nullable(),
  /** No delivery before this time, and the reason. */
  parkedUntil: Time.nullable(),
  reason: z.string().nullable(),
  /** The target refuses everything: an admin must act. */
  blocked: z.boolean(),
  stuck: RouteStuck.nullable().default(null),
  /**
   * Estimated time at which the queue is empty; null when it is empty or no estimate is possible.
   */
  forecastAt: Time.nullable(),
  /** The file that is being downloaded for this route, or null. */
  file: z.object({ name: z.string(), doneBytes: Count, sizeBytes: Count }).nullable().default(null),
  /**
   * Sources that are no chat of the reader's account; `ref → number` where the probable number is
   * known.
   */
  unknownChats: z.array(z.string()),
  /**
   * Chats of the route that have another number by now: groups that became supergroups. Marked ids.
   */
  moved: z.array(z.object({ chat: z.string(), to: z.string() })).default([]),
});
export type RouteStatus = z.infer<typeof RouteStatus>;

/** Status of one source of a reader. */
export const SourceStatus = z.object({
  /** As the route names it. */
  ref: z.string(),
  /** Marked id; null until the name is resolved. */
  chat: z.string().nullable(),
  title: z.string().nullable(),
  /** Without @; null = none, or not known. */
  username: z.string().nullable().default(null),
  lastMessageAt: Time.nullable(),
  /** Usual time between two messages; null = not known. */
  rhythmMs: z.number().nullable(),
  /**
   * Longest silence so far that began at about the hour at which the current one began; 0 = none.
   */
  usualSilenceMs: z.number().default(0),
  /** Why the source sends no more messages, or null. */
  closed: z.string().nullable(),
  /**
   * The channel whose posts Telegram copies into this group (its discussion group); null = none, or
   * not known yet.
   */
  copiesOf: z
    .object({ chat: z.string(), username: z.string().nullable() })
    .nullable()
    .default(null),
});
export type SourceStatus = z.infer<typeof SourceStatus>;

/** A backfill under way, or just ended. */
export const BackfillStatus = z.object({
  route: RouteId,
  state: z.enum(["running", "done", "cancelled", "failed"]),
  fetched: Count,
  taken: Count,
  /** Number of messages skipped because they were delivered before. */
  known: Count,
  wanted: Count.nullable(),
  reason: z.string().nullable(),
  /** A flood wait: the worker fetches nothing before this time. */
  waitsUntil: Time.nullable().default(null),
});
export type BackfillStatus = z.infer<typeof BackfillStatus>;

/** Relay status of one reader; only that worker writes it. */
export const RelayStatus = z.object({
  v: z.literal(1),
  worker: WorkerIdField,
  /** Version of the routes that this reader applies. */
  version: Count,
  at: Time,
  routes: z.array(RouteStatus),
  sources: z.array(SourceStatus),
  backfill: BackfillStatus.nullable(),
  /** The other workers that deliver for it; they start first. */
  senders: z.array(WorkerIdField).default([]),
});
export type RelayStatus = z.infer<typeof RelayStatus>;

/** Requests of other programs to the bot, the only writer of the routes. */
export const BotRequest = z.discriminatedUnion("kind", [
  z.object({ v: z.literal(1), kind: z.literal("routes.get") }),
  z.object({ v: z.literal(1), kind: z.literal("routes.apply"), file: RouteFile }),
]);
export type BotRequest = z.infer<typeof BotRequest>;

const Finding = z.object({ route: z.string(), field: z.string(), message: z.string() });

/** The bot's answer to a {@link BotRequest}. */
export const BotAnswer = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("routes"), version: Count, routes: z.array(Route) }),
  z.object({
    kind: z.literal("applied"),
    version: Count,
    added: Count,
    changed: Count,
    removed: Count,
    /** What was applied all the same, and is worth a look. */
    notes: z.array(Finding).exactOptional(),
  }),
  z.object({ kind: z.literal("refused"), problems: z.array(Finding) }),
]);
export type BotAnswer = z.infer<typeof BotAnswer>;
