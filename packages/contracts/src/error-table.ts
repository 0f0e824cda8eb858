import type { ErrorClass } from "./error-class.ts";

/** What the supervisor does after a process ends with an error of a class. */
export type AfterExit =
  /** The worker's own fault: restart it, and count the crash towards the limit. */
  | "restart"
  /** Another process holds the session: retry later, without a limit. */
  | "wait-for-release"
  /** A cause outside the worker: retry, without a limit. */
  | "retry"
  /** A restart cannot help: an admin must act first. */
  | "park"
  /** A restart cannot help, only a new login. */
  | "login";

/** Action and icon of one error class, for restarts, logs and cards. */
export interface ErrorRow {
  readonly afterExit: AfterExit;
  /** One of the nine log icons (S2-54). */
  readonly icon: string;
}

/**
 * Action and icon of every error class. Restarts follow from the class, never from the text.
 * LIMITED, SOURCE, GAP and REQUEST concern one call or one chat and end no process; a process that
 * ends with one of them is retried.
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

/** Log icon by error class. */
export const CLASS_ICONS: Readonly<Record<ErrorClass, string>> = Object.fromEntries(
  Object.entries(ERROR_TABLE).map(([name, { icon }]) => [name, icon]),
) as Record<ErrorClass, string>;
