import type { ErrorClass } from "@flotilla/contracts";

/** What follows when a process ends with an error of a class. */
export type AfterExit =
  /** The worker's own trouble: restarted, and it uses up one of the five. */
  | "restart"
  /** Somebody else has the session: tried again later, for ever. */
  | "wait-for-release"
  /** The world's trouble, not the worker's: tried again, for ever. */
  | "retry"
  /** A restart cannot help: a person has to do something first. */
  | "park"
  /** A restart cannot help, only a login can. */
  | "login";

/** One row of the table that restarts, logs and cards follow. */
export interface ErrorRow {
  readonly afterExit: AfterExit;
  /** One of the nine log icons (S2-54). */
  readonly icon: string;
}

/**
 * The one table of error classes: what a class means for the process that ended with it, and its icon. Restarts follow from
 * the class alone, never from an error's text. LIMITED, SOURCE, GAP and REQUEST concern one call or one chat; a process does
 * not end because of them, and if it does all the same, it is tried again.
 */
export const ERROR_TABLE: Readonly<Record<ErrorClass, ErrorRow>> = {
  NETWORK: { afterExit: "retry", icon: "🔌" },
  TG_SERVER: { afterExit: "retry", icon: "🔌" },
  FLOOD: { afterExit: "retry", icon: "⏱️" },
  LIMITED: { afterExit: "retry", icon: "⚠️" },
  SESSION_LOCKED: { afterExit: "wait-for-release", icon: "💾" },
  IN_USE: { afterExit: "wait-for-release", icon: "🔑" },
  AUTH_DEAD: { afterExit: "login", icon: "🔑" },
  BANNED: { afterExit: "park", icon: "🔑" },
  SOURCE: { afterExit: "retry", icon: "⚠️" },
  GAP: { afterExit: "retry", icon: "🔍" },
  STUCK: { afterExit: "restart", icon: "⏱️" },
  CRASH: { afterExit: "restart", icon: "❌" },
  OOM: { afterExit: "restart", icon: "❌" },
  CONFIG: { afterExit: "park", icon: "⚠️" },
  DB_BROKEN: { afterExit: "park", icon: "💾" },
  REQUEST: { afterExit: "retry", icon: "⚠️" },
};

/** The log icon of each class. */
export const CLASS_ICONS: Readonly<Record<ErrorClass, string>> = Object.fromEntries(
  Object.entries(ERROR_TABLE).map(([name, { icon }]) => [name, icon]),
) as Record<ErrorClass, string>;
