import type { WorkerState } from "./worker-status.ts";

/** Actions of an admin on a worker's card. */
export type WorkerAction =
  | "start"
  | "stop"
  | "restart"
  | "login"
  | "check"
  | "look"
  | "log"
  | "who"
  | "retry"
  | "backups";

/**
 * Actions that can help in a state: a stopped worker has no Restart, a dead session has only
 * repairs.
 */
export function actionsFor(state: WorkerState): readonly WorkerAction[] {
  switch (state) {
    case "STOPPED":
    case "MAINTENANCE":
      return ["start", "backups", "log"];
    case "GAVE_UP":
      return ["restart", "stop", "backups", "log"];
    case "BROKEN":
      return ["backups", "retry", "stop", "log"];
    case "NEEDS_LOGIN":
      return ["login", "look", "backups", "log"];
    case "LOGGING_IN":
      return ["login", "log"];
    case "LOCKED":
    case "IN_USE":
      return ["who", "retry", "stop", "log"];
    case "BACKOFF":
      return ["restart", "stop", "log"];
    case "STARTING":
    case "STOPPING":
      return ["log"];
    case "BANNED":
      return ["look", "stop", "log"];
    case "RUNNING":
    case "CATCHING_UP":
    case "DEGRADED":
    case "RECONNECTING":
    case "FLOOD":
      return ["restart", "stop", "login", "check", "backups", "log"];
    default:
      return state satisfies never;
  }
}

const ICONS: Readonly<Record<WorkerState, string>> = {
  STOPPED: "⏹",
  STARTING: "🚀",
  CATCHING_UP: "🔍",
  RUNNING: "✅",
  DEGRADED: "⚠️",
  RECONNECTING: "🔄",
  FLOOD: "⏳",
  LOCKED: "💾",
  BACKOFF: "🟠",
  GAVE_UP: "❌",
  BROKEN: "🧯",
  NEEDS_LOGIN: "🔑",
  LOGGING_IN: "🔐",
  IN_USE: "🔒",
  BANNED: "⛔",
  MAINTENANCE: "⏸",
  STOPPING: "⏹",
};

/** The icon of a state on every screen. */
export function stateIcon(state: WorkerState): string {
  return ICONS[state];
}

const WORDS: Readonly<Record<WorkerState, string>> = {
  STOPPED: "stopped",
  STARTING: "starting",
  CATCHING_UP: "catching up",
  RUNNING: "healthy",
  DEGRADED: "degraded",
  RECONNECTING: "reconnecting",
  FLOOD: "waiting (flood)",
  LOCKED: "session locked",
  BACKOFF: "waiting to restart",
  GAVE_UP: "gave up",
  BROKEN: "session file unusable",
  NEEDS_LOGIN: "needs login",
  LOGGING_IN: "login under way",
  IN_USE: "in use elsewhere",
  BANNED: "banned",
  MAINTENANCE: "maintenance",
  STOPPING: "stopping",
};

/** The state in plain words. */
export function stateWords(state: WorkerState): string {
  return WORDS[state];
}

/** Sort key for lists, problems first: lower = more urgent. */
export function urgency(state: WorkerState): number {
  const order: readonly WorkerState[] = [
    "GAVE_UP",
    "BROKEN",
    "BANNED",
    "NEEDS_LOGIN",
    "LOCKED",
    "IN_USE",
    "BACKOFF",
    "DEGRADED",
    "RECONNECTING",
    "FLOOD",
    "LOGGING_IN",
    "STARTING",
    "STOPPING",
    "CATCHING_UP",
    "MAINTENANCE",
    "RUNNING",
    "STOPPED",
  ];
  return order.indexOf(state);
}
