import { z } from "zod";
import { Route, RouteFile, RouteId } from "./routes.ts";
import { WorkerIdField } from "./worker-status.ts";

const Time = z.number();
const Count = z.number().int().nonnegative();

/**
 * Why a route does not deliver: the target takes nothing (`blocked`), its sender cannot act (`held`, not for a flood wait, which
 * ends by itself), or its sender does not answer at all (`silent`).
 */
export const RouteStuck = z.object({
  kind: z.enum(["blocked", "held", "silent"]),
  /** What Telegram, the webhook or the sender answered; empty for silence. */
  code: z.string(),
  since: Time,
});
export type RouteStuck = z.infer<typeof RouteStuck>;

/** How one route is doing, as its reader sees it. Times are milliseconds since the Unix epoch. */
export const RouteStatus = z.object({
  route: RouteId,
  waiting: Count,
  poison: Count,
  /** Why the oldest of those set aside was, or null. */
  poisonReason: z.string().nullable(),
  /** matched, delivered, filtered, protected, ephemeral, edited, deleted, … */
  counts: z.record(z.string(), Count),
  /** From Telegram's time stamp (whole seconds) to delivery, over the latest deliveries; null without any. */
  p50Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
  lastDeliveredAt: Time.nullable(),
  /** Nothing goes out before then, and why. */
  parkedUntil: Time.nullable(),
  reason: z.string().nullable(),
  /** The target takes nothing: a person has to look. */
  blocked: z.boolean(),
  stuck: RouteStuck.nullable().default(null),
  /** When the queue will probably be empty; null while it is or while that cannot be told. */
  forecastAt: Time.nullable(),
  /** The file that is being downloaded for it, or null. */
  file: z.object({ name: z.string(), doneBytes: Count, sizeBytes: Count }).nullable().default(null),
  /** Sources that are no chat of the reader's account; `ref → number` where the number that was probably meant is known. */
  unknownChats: z.array(z.string()),
  /** Chats of the route that have another number by now: groups that became supergroups. Marked ids. */
  moved: z.array(z.object({ chat: z.string(), to: z.string() })).default([]),
});
export type RouteStatus = z.infer<typeof RouteStatus>;

/** How one source of a reader is doing. */
export const SourceStatus = z.object({
  /** As a route names it. */
  ref: z.string(),
  /** Marked id, or null while the name is not known. */
  chat: z.string().nullable(),
  title: z.string().nullable(),
  /** Without @; null while it has none or it is not known. */
  username: z.string().nullable().default(null),
  lastMessageAt: Time.nullable(),
  /** Usual time between two messages; null while that is not known. */
  rhythmMs: z.number().nullable(),
  /** It has been silent for so long before, about the hour at which it fell silent now; 0: never. */
  usualSilenceMs: z.number().default(0),
  /** Why nothing comes from it any more, or null. */
  closed: z.string().nullable(),
  /** The channel whose posts Telegram copies into this group by itself (its discussion group); null: none, or not known yet. */
  copiesOf: z.object({ chat: z.string(), username: z.string().nullable() }).nullable().default(null),
});
export type SourceStatus = z.infer<typeof SourceStatus>;

/** A backfill under way or just over. */
export const BackfillStatus = z.object({
  route: RouteId,
  state: z.enum(["running", "done", "cancelled", "failed"]),
  fetched: Count,
  taken: Count,
  /** Already delivered before, so not again. */
  known: Count,
  wanted: Count.nullable(),
  reason: z.string().nullable(),
  /** Telegram asked for a wait: until then it fetches nothing. */
  waitsUntil: Time.nullable().default(null),
});
export type BackfillStatus = z.infer<typeof BackfillStatus>;

/** How the relays of one reader are doing; written by that worker alone. */
export const RelayStatus = z.object({
  v: z.literal(1),
  worker: WorkerIdField,
  /** Version of the routes that this reader works by. */
  version: Count,
  at: Time,
  routes: z.array(RouteStatus),
  sources: z.array(SourceStatus),
  backfill: BackfillStatus.nullable(),
  /** The other workers that deliver for it: they start before it. */
  senders: z.array(WorkerIdField).default([]),
});
export type RelayStatus = z.infer<typeof RelayStatus>;

/** What other programs may ask of the bot, the sole writer of the routes. */
export const BotRequest = z.discriminatedUnion("kind", [
  z.object({ v: z.literal(1), kind: z.literal("routes.get") }),
  z.object({ v: z.literal(1), kind: z.literal("routes.apply"), file: RouteFile }),
]);
export type BotRequest = z.infer<typeof BotRequest>;

const Finding = z.object({ route: z.string(), field: z.string(), message: z.string() });

/** The bot's answer. */
export const BotAnswer = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("routes"), version: Count, routes: z.array(Route) }),
  z.object({
    kind: z.literal("applied"),
    ...{ version: Count, added: Count, changed: Count, removed: Count },
    /** What was applied all the same, and is worth a look. */
    notes: z.array(Finding).exactOptional(),
  }),
  z.object({ kind: z.literal("refused"), problems: z.array(Finding) }),
]);
export type BotAnswer = z.infer<typeof BotAnswer>;
