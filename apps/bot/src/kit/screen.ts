import { Sealed, WorkerIdField } from "@flotilla/contracts";
import type { InlineKeyboardButton } from "grammy/types";
import { z } from "zod";
import { ALERT_KINDS } from "../alerts/kinds.ts";
import { Said } from "./words/said.ts";

const page = z.number().int().nonnegative();

/** Acts that ask once more before they are done. */
export const CONFIRMED = [
  "stop",
  "restart",
  "start",
  "maintenance",
  "logout",
  "rmsession",
  "login",
] as const;
export type Confirmed = (typeof CONFIRMED)[number];

/** What a panel shows. Kept in the database, so that a panel lives on over a restart of the bot. */
export const Screen = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("menu") }),
  /** `problems`: only those; `find`: part of a name, a label or a tag. */
  z.object({
    kind: z.literal("workers"),
    page,
    problems: z.boolean().default(false),
    find: z.string().default(""),
  }),
  z.object({ kind: z.literal("worker"), worker: WorkerIdField }),
  z.object({ kind: z.literal("more"), worker: WorkerIdField }),
  z.object({ kind: z.literal("rules"), worker: WorkerIdField }),
  z.object({ kind: z.literal("add"), problem: Said.nullable() }),
  /** A question that the next text answers. */
  z.object({
    kind: z.literal("ask"),
    what: z.string(),
    worker: WorkerIdField.nullable(),
    problem: Said.nullable(),
  }),
  z.object({
    kind: z.literal("log"),
    worker: WorkerIdField,
    command: z.string(),
    level: z.string().default(""),
  }),
  z.object({ kind: z.literal("backups"), worker: WorkerIdField, command: z.string() }),
  z.object({
    kind: z.literal("restore"),
    worker: WorkerIdField,
    copy: z.string(),
    token: z.string(),
  }),
  z.object({
    kind: z.literal("stop-holder"),
    worker: WorkerIdField,
    pid: z.number(),
    token: z.string(),
  }),
  z.object({ kind: z.literal("resume"), worker: WorkerIdField, token: z.string() }),
  /**
   * Asks once more before a worker goes another way. `sealed` is for its process alone; null: the
   * way of its host.
   */
  z.object({
    kind: z.literal("proxy"),
    worker: WorkerIdField,
    shown: z.string().nullable(),
    sealed: Sealed.nullable(),
    token: z.string(),
  }),
  z.object({ kind: z.literal("login"), worker: WorkerIdField }),
  z.object({ kind: z.literal("logins"), page }),
  z.object({ kind: z.literal("devices"), worker: WorkerIdField, command: z.string() }),
  z.object({
    kind: z.literal("alerts"),
    tab: z.enum(["open", "taken", "muted", "day"]),
    page: page.default(0),
  }),
  /** The workers of an alert card. */
  z.object({ kind: z.literal("crew"), card: z.number(), page }),
  /** What to do about alerts of this kind. */
  z.object({ kind: z.literal("runbook"), about: z.enum(ALERT_KINDS) }),
  z.object({ kind: z.literal("health") }),
  /** A command for each host. */
  z.object({
    kind: z.literal("doctor"),
    asked: z.array(z.object({ host: z.string(), command: z.string() })),
  }),
  z.object({ kind: z.literal("settings") }),
  z.object({ kind: z.literal("limits") }),
  z.object({ kind: z.literal("admins"), link: z.string().nullable() }),
  z.object({ kind: z.literal("admin"), id: z.string() }),
  z.object({ kind: z.literal("audit"), page, find: z.string() }),
  /** `worker` null: all, those with the tag, or those of the card. Valid for 30 s after `at`. */
  z.object({
    kind: z.literal("confirm"),
    what: z.enum(CONFIRMED),
    worker: WorkerIdField.nullable(),
    tag: z.string(),
    /** Those of this alert card whose trouble is open. */
    card: z.number().exactOptional(),
    at: z.number(),
  }),
  z.object({ kind: z.literal("bulk"), bulk: z.string() }),
  /** `worker` empty: of the whole fleet. */
  z.object({ kind: z.literal("routes"), worker: z.string() }),
  /** `sure`: asks whether to take it away. */
  z.object({ kind: z.literal("route"), route: z.string(), sure: z.boolean().default(false) }),
  z.object({ kind: z.literal("fill"), route: z.string() }),
  /** `draft`: of a route that is being made. */
  z.object({
    kind: z.literal("dry"),
    route: z.string(),
    command: z.string(),
    draft: z.boolean().default(false),
  }),
  /** The route that this admin is making. */
  z.object({ kind: z.literal("rwiz"), admin: z.string() }),
  z.object({ kind: z.literal("sources"), worker: WorkerIdField }),
  z.object({ kind: z.literal("notice"), text: Said, worker: WorkerIdField.nullable() }),
]);
export type Screen = z.infer<typeof Screen>;

/** A rendered screen: HTML text without the clock time, and its buttons. */
export interface Card {
  readonly html: string;
  readonly keyboard: InlineKeyboardButton[][];
}
