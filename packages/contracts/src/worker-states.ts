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

/** What holds of every worker in a state. */
export interface StateFacts {
  /** The icon on every screen. */
  readonly icon: string;
  /** The state in plain words. */
  readonly words: string;
  /** Actions that can help: a stopped worker has no Restart, a dead session has only repairs. */
  readonly actions: readonly WorkerAction[];
  /** Whether a process of the worker exists. It reports the states with `up` or `either` itself. */
  readonly process: "up" | "ending" | "either" | "none";
  /** Whether Telegram answers this account. */
  readonly online: "yes" | "perhaps" | "no";
  /** Whether the worker's process has opened its session; `taken` = another process has it. */
  readonly session: "open" | "perhaps" | "closed" | "taken";
  /** What ends the state; `nothing` = it is as it should be. */
  readonly needs: "admin" | "time" | "nothing";
  /** True = stopped by an admin or with the whole fleet, not by a fault. */
  readonly isStopped: boolean;
}

const CONNECTED = ["restart", "stop", "login", "check", "backups", "log"] as const;

const TABLE = {
  GAVE_UP: {
    icon: "❌",
    words: "gave up",
    actions: ["restart", "stop", "backups", "log"],
    process: "none",
    online: "no",
    session: "closed",
    needs: "admin",
    isStopped: false,
  },
  BROKEN: {
    icon: "🧯",
    words: "session file unusable",
    actions: ["backups", "retry", "stop", "log"],
    process: "none",
    online: "no",
    session: "closed",
    needs: "admin",
    isStopped: false,
  },
  BANNED: {
    icon: "⛔",
    words: "banned",
    actions: ["look", "stop", "log"],
    process: "either",
    online: "no",
    session: "open",
    needs: "admin",
    isStopped: false,
  },
  NEEDS_LOGIN: {
    icon: "🔑",
    words: "needs login",
    actions: ["login", "look", "backups", "log"],
    process: "either",
    online: "no",
    session: "open",
    needs: "admin",
    isStopped: false,
  },
  LOCKED: {
    icon: "💾",
    words: "session locked",
    actions: ["who", "retry", "stop", "log"],
    process: "either",
    online: "no",
    session: "taken",
    needs: "admin",
    isStopped: false,
  },
  IN_USE: {
    icon: "🔒",
    words: "in use elsewhere",
    actions: ["who", "retry", "stop", "log"],
    process: "none",
    online: "no",
    session: "taken",
    needs: "admin",
    isStopped: false,
  },
  /** Online with a full disk or a stopped budget; offline without its lease. */
  DEGRADED: {
    icon: "⚠️",
    words: "degraded",
    actions: CONNECTED,
    process: "up",
    online: "perhaps",
    session: "open",
    needs: "admin",
    isStopped: false,
  },
  BACKOFF: {
    icon: "🟠",
    words: "waiting to restart",
    actions: ["restart", "stop", "log"],
    process: "none",
    online: "no",
    session: "closed",
    needs: "time",
    isStopped: false,
  },
  RECONNECTING: {
    icon: "🔄",
    words: "reconnecting",
    actions: CONNECTED,
    process: "up",
    online: "no",
    session: "open",
    needs: "time",
    isStopped: false,
  },
  FLOOD: {
    icon: "⏳",
    words: "waiting (flood)",
    actions: CONNECTED,
    process: "up",
    online: "yes",
    session: "open",
    needs: "time",
    isStopped: false,
  },
  /** The account's own connection is closed; the login has one of its own. */
  LOGGING_IN: {
    icon: "🔐",
    words: "login under way",
    actions: ["login", "log"],
    process: "up",
    online: "no",
    session: "open",
    needs: "time",
    isStopped: false,
  },
  STARTING: {
    icon: "🚀",
    words: "starting",
    actions: ["log"],
    process: "either",
    online: "no",
    session: "closed",
    needs: "time",
    isStopped: false,
  },
  STOPPING: {
    icon: "⏹",
    words: "stopping",
    actions: ["log"],
    process: "ending",
    online: "no",
    session: "perhaps",
    needs: "time",
    isStopped: false,
  },
  CATCHING_UP: {
    icon: "🔍",
    words: "catching up",
    actions: CONNECTED,
    process: "up",
    online: "yes",
    session: "open",
    needs: "nothing",
    isStopped: false,
  },
  MAINTENANCE: {
    icon: "⏸",
    words: "maintenance",
    actions: ["start", "backups", "log"],
    process: "none",
    online: "no",
    session: "closed",
    needs: "nothing",
    isStopped: true,
  },
  RUNNING: {
    icon: "✅",
    words: "healthy",
    actions: CONNECTED,
    process: "up",
    online: "yes",
    session: "open",
    needs: "nothing",
    isStopped: false,
  },
  STOPPED: {
    icon: "⏹",
    words: "stopped",
    actions: ["start", "backups", "log"],
    process: "none",
    online: "no",
    session: "closed",
    needs: "nothing",
    isStopped: true,
  },
} as const satisfies Readonly<Record<WorkerState, StateFacts>>;

/** The facts of every worker state, most urgent state first: the only list of states. */
export const STATE_TABLE: Readonly<Record<WorkerState, StateFacts>> = TABLE;

/** States whose `fact` is one of `Values`. */
export type StateWith<Fact extends keyof StateFacts, Values extends StateFacts[Fact]> = {
  [State in WorkerState]: (typeof TABLE)[State][Fact] extends Values ? State : never;
}[WorkerState];

/** States that a worker reports; only its supervisor knows the others. */
export type ReportedState = StateWith<"process", "up" | "either">;

/** All {@link ReportedState}s. */
export const REPORTED_STATES = Object.keys(TABLE).filter(isReported);

function isReported(state: string): state is ReportedState {
  const { process } = TABLE[state as WorkerState];
  return process === "up" || process === "either";
}

/** See {@link StateFacts.actions}. */
export function actionsFor(state: WorkerState): readonly WorkerAction[] {
  return TABLE[state].actions;
}

/** See {@link StateFacts.icon}. */
export function stateIcon(state: WorkerState): string {
  return TABLE[state].icon;
}

/** See {@link StateFacts.words}. */
export function stateWords(state: WorkerState): string {
  return TABLE[state].words;
}

const ORDER = Object.keys(TABLE);

/** Sort key for lists, problems first: lower = more urgent. */
export function urgency(state: WorkerState): number {
  return ORDER.indexOf(state);
}
