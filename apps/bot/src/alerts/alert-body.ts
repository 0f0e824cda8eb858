import { HostIdField, RouteId, WorkerIdField } from "@flotilla/contracts";
import { z } from "zod";
import { Said } from "../kit/words/said.ts";
import { ALERT_KINDS } from "./kinds.ts";

/** What an alert says: kept as keys of texts, rendered for each reader at each delivery. */
export const AlertBody = z.object({
  kind: z.enum(ALERT_KINDS),
  /** Null: it is about a host or the whole fleet. */
  worker: WorkerIdField.nullable(),
  host: HostIdField,
  /**
   * What the remedy depends on beside the kind, such as `AUTH_KEY_DUPLICATED`: alerts of two codes
   * are two cards.
   */
  code: z.string().exactOptional(),
  /** How often it happened since it opened. */
  times: z.number().int().positive(),
  title: Said,
  details: z.array(Said),
  /** What helps, most likely first. */
  buttons: z.array(
    z.enum([
      "restart",
      "login",
      "log",
      "worker",
      "who",
      "check",
      "look",
      "retry",
      "backups",
      "resume",
      "route",
      "health",
      "doctor",
      "add",
      "schedules",
    ]),
  ),
  /** A process of ours that is in the way: it can be stopped from here. */
  holder: z.number().int().positive().exactOptional(),
  /** The backup that a lost host.db can be taken over from, in milliseconds since the epoch. */
  backupAt: z.number().exactOptional(),
  /** The route it is about: its own buttons come first. */
  route: RouteId.exactOptional(),
  /** What an admin did about it. */
  action: Said.nullable(),
});
/** What an alert says, without when and how often it was told. */
export type AlertBody = z.infer<typeof AlertBody>;

/**
 * A new alert: of no worker, happened once, with nothing to press and nothing done about it, unless
 * said otherwise.
 */
export function alertBody(
  about: Pick<AlertBody, "kind" | "host" | "title"> & Partial<AlertBody>,
): AlertBody {
  return { worker: null, times: 1, details: [], buttons: [], action: null, ...about };
}

/** An alert as it stands. */
export interface AlertRow {
  readonly n: number;
  /**
   * One alert per subject is open at a time, such as `exit:news_1`: what it is about, not how bad
   * it is.
   */
  readonly subject: string;
  readonly openedAt: number;
  /** Not told before this time. */
  readonly readyAt: number;
  readonly resolvedAt: number | null;
  readonly resolvedBy: Said | null;
  readonly body: AlertBody;
  /** The card that tells of it, or null while it waits. */
  readonly card: number | null;
}

/** A card with its alerts, oldest first. */
export interface CardRow {
  readonly n: number;
  readonly openedAt: number;
  readonly toldAt: number;
  readonly resolvedAt: number | null;
  readonly takenBy: string | null;
  readonly mutedUntil: number | null;
  readonly level: 0 | 1 | 2;
  readonly secondPathAt: number | null;
  /** Told without a sound: it was over before it was told, or needs no action. */
  readonly calm: boolean;
  /** Its first message has no sound: a card of its group sounded a moment before. */
  readonly silent: boolean;
  /** Counts the times that it is told with a message of its own. */
  readonly telling: number;
  /** Counts changes, each of which is an edit. */
  readonly revision: number;
  readonly alerts: readonly AlertRow[];
}
