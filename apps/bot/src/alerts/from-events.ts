import type { ErrorClass, ExitReport, FleetEvent, WorkerStatus } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import { type Said, say } from "../kit/words/said.ts";
import type { AlertBody } from "./alert-body.ts";
import type { AlertStore } from "./alert-store.ts";
import { applyHostTrouble } from "./host-trouble.ts";
import type { AlertKind } from "./kinds.ts";
import { raiseLoss } from "./loss-alert.ts";
import { hasRecovered, isDown, type StateFamily } from "./over.ts";
import { applyStorage, raiseForSession } from "./session-alerts.ts";

/**
 * The state says it already, earlier than the end of the process and with who is in the way or what
 * helps.
 */
const TOLD_BY_STATE: ReadonlySet<ErrorClass> = new Set([
  "SESSION_LOCKED",
  "IN_USE",
  "DB_BROKEN",
  "AUTH_DEAD",
  "BANNED",
]);

/** Alerts that events open; conditions are ended by the watch. */
const ENDED_BY_EVENTS: readonly StateFamily[] = ["exit", "account", "locked", "broken", "storage"];

/** Who or what ends alerts. */
export interface Enders {
  /** Who or what mended the trouble of an alert that opened then. */
  readonly solvedBy: (openedAt: number) => Said;
  /**
   * The person who wanted this worker to stop; null = no person, such as at the end of the whole
   * fleet.
   */
  readonly stoppedBy: (worker: WorkerId) => Said | null;
}

/**
 * Opens, changes and resolves alerts as events come. Must run in the transaction that marks the
 * event as seen.
 */
export function applyToAlerts(store: AlertStore, event: FleetEvent, enders: Enders): void {
  const { solvedBy } = enders;
  if (event.kind === "worker.exited") {
    if (event.exit.decision.kind !== "none" && !TOLD_BY_STATE.has(event.exit.fault.class))
      raiseExit(store, event);
    return;
  }
  if (event.kind === "worker.storage") {
    applyStorage(store, event, solvedBy(event.at));
    return;
  }
  if (event.kind === "worker.lost") {
    raiseLoss(store, event);
    return;
  }
  if (event.kind === "host.trouble") {
    applyHostTrouble(store, event, solvedBy);
    return;
  }
  if (event.kind === "host.started") {
    for (const status of event.workers) settle(store, { status, at: event.at }, enders);
    return;
  }
  if (event.kind !== "worker.state") return;
  const body = accountBody(event);
  settle(store, { status: event.status, at: event.at, decided: body !== null }, enders);
  if (body) raiseAccount(store, body, event);
  raiseForSession(store, event);
}

/**
 * A connection that was told as lost, and is over because the session is, is one trouble: off
 * Telegram since the connection was lost.
 */
function raiseAccount(
  store: AlertStore,
  body: AlertBody,
  event: Extract<FleetEvent, { kind: "worker.state" }>,
): void {
  const { worker, at, previous, previousSince } = event;
  const subject = `account:${worker}`;
  const isOver = body.kind !== "limited";
  if (isOver) store.become([`link:${worker}`], subject);
  store.raise(subject, body, at, isOver && previous === "RECONNECTING" ? previousSince : at);
}

/**
 * A crash of a worker whose session was locked or unusable is the same trouble, told by its newest
 * form.
 */
function raiseExit(store: AlertStore, event: Extract<FleetEvent, { kind: "worker.exited" }>): void {
  store.become([`locked:${event.worker}`, `broken:${event.worker}`], `exit:${event.worker}`);
  store.raise(`exit:${event.worker}`, exitBody(store, event), event.at);
}

interface Seen {
  readonly status: WorkerStatus;
  readonly at: number;
  /**
   * Telegram decided about the account: that is told by an alert of its own, and holds whatever the
   * connection does.
   */
  readonly decided?: boolean;
}

function settle(
  store: AlertStore,
  { status, at, decided = false }: Seen,
  { solvedBy, stoppedBy }: Enders,
): void {
  const { worker, state, startedAt } = status;
  const stopped = isDown(state) ? stoppedBy(worker) : null;
  for (const family of ENDED_BY_EVENTS) {
    const alert = store.open(`${family}:${worker}`);
    if (!alert) continue;
    if (stopped) store.resolve(alert.n, stopped, at);
    if (!hasRecovered(family, status, alert.openedAt) && !(decided && family === "exit")) continue;
    if (decided && family === "account") continue;
    // A slow file says itself when it is well again, unless another process has it now.
    if (family === "storage" && alert.openedAt > (startedAt ?? 0)) continue;
    const replaced = decided && family === "exit";
    store.resolve(alert.n, replaced ? say("solved-replaced") : solvedBy(alert.openedAt), at);
  }
}

function exitBody(
  store: AlertStore,
  event: Extract<FleetEvent, { kind: "worker.exited" }>,
): AlertBody {
  const { exit, worker, host } = event;
  const open = store.open(`exit:${worker}`)?.body;
  const times = (open?.kind === "crash" || open?.kind === "gave-up" ? open.times : 0) + 1;
  const how = exit.signal ?? `exit ${exit.exitCode ?? "?"}`;
  const kind = exitKind(exit);
  return {
    kind,
    worker,
    host,
    times,
    title: say(`alert-${kind}`, { worker, times, uptime: exit.uptimeMs, how }),
    details: [errorLine(exit), nextStep(exit, event)],
    buttons: EXIT_BUTTONS[exit.decision.kind] ?? ["restart", "log", "worker"],
    action: null,
  };
}

/** Where a restart cannot help, it is not offered. */
const EXIT_BUTTONS: Partial<Record<ExitReport["decision"]["kind"], AlertBody["buttons"]>> = {
  park: ["log", "worker"],
};

function exitKind({ decision }: ExitReport): AlertKind {
  return ["gave-up", "park"].includes(decision.kind) ? "gave-up" : "crash";
}

function errorLine({ fault, firstErrorLine }: ExitReport): Said {
  if (fault.class !== "CRASH")
    return say("details-fault", { class: fault.class, code: fault.code, message: fault.message });
  return firstErrorLine === null
    ? say("alert-no-error")
    : say("alert-error-line", { line: firstErrorLine });
}

function nextStep({ decision }: ExitReport, { at }: { readonly at: number }): Said {
  switch (decision.kind) {
    case "restart": {
      const { delayMs, attempt, limit } = decision;
      return say("alert-next-restart", { delay: delayMs, at: at + delayMs, attempt, limit });
    }
    case "retry":
      return say("alert-next-retry", { delay: decision.delayMs, at: at + decision.delayMs });
    case "gave-up":
      return say("alert-next-gave-up", { attempts: decision.attempts, window: decision.windowMs });
    case "park":
      return say("alert-next-parked");
    case "login":
      return say("alert-next-login");
    case "none":
      return say("alert-next-parked");
    default:
      return decision satisfies never;
  }
}

/** What Telegram decided about the account, or null. */
function accountBody({
  worker,
  host,
  status,
}: Extract<FleetEvent, { kind: "worker.state" }>): AlertBody | null {
  const { fault, state } = status;
  const code = fault?.code ?? "";
  const base = { worker, host, code, times: 1, action: null };
  if (state === "NEEDS_LOGIN" && fault?.class === "AUTH_DEAD") {
    const how =
      code === "AUTH_KEY_DUPLICATED"
        ? say("alert-key-duplicated", { code })
        : say("alert-key-ended", { code });
    const details = [how, say("alert-do-login")];
    return {
      ...base,
      kind: "needs-login",
      title: say("alert-needs-login", { worker }),
      details,
      buttons:
        status.restoreHelps === true && code !== "AUTH_KEY_DUPLICATED"
          ? ["login", "look", "backups", "log", "worker"]
          : ["login", "look", "log", "worker"],
    };
  }
  if (state === "BANNED") {
    const details = [say("alert-banned-how", { code }), say("alert-banned-do")];
    const title = say("alert-banned", { worker });
    return { ...base, kind: "banned", title, details, buttons: ["look", "log", "worker"] };
  }
  if (fault?.class === "LIMITED") {
    const details = [say("alert-limited-how", { code }), say("alert-limited-do")];
    return {
      ...base,
      kind: "limited",
      title: say("alert-limited", { worker }),
      details,
      buttons: ["resume", "worker"],
    };
  }
  return null;
}
