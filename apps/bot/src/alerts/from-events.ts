import type { ErrorClass, ExitReport, FleetEvent, WorkerState } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import { type Said, say } from "../words/said.ts";
import type { AlertBody } from "./alert-card.ts";
import type { AlertStore } from "./alert-store.ts";
import { applyStorage, raiseForSession } from "./session-alerts.ts";

/** States in which a crash is over: the process is there and did what it could. */
const UP: ReadonlySet<WorkerState> = new Set(["RUNNING", "CATCHING_UP", "DEGRADED", "NEEDS_LOGIN", "LOGGING_IN", "STOPPED"]);

/** The state says it already, earlier than the end of the process and with who is in the way or what helps. */
const TOLD_BY_STATE: ReadonlySet<ErrorClass> = new Set(["SESSION_LOCKED", "IN_USE", "DB_BROKEN"]);

/** Opens, changes and resolves alerts as events come. `solvedBy` names who or what ended an alert that opened then. Must run in the transaction that marks the event as seen. */
export function applyToAlerts(store: AlertStore, event: FleetEvent, solvedBy: (openedAt: number) => Said): void {
  if (event.kind === "worker.exited") {
    if (event.exit.decision.kind !== "none" && !TOLD_BY_STATE.has(event.exit.fault.class))
      store.raise(crashBody(store, event), event.at);
    return;
  }
  if (event.kind === "worker.storage") {
    applyStorage(store, event, solvedBy(event.at));
    return;
  }
  if (event.kind === "host.started") {
    for (const status of event.workers) settle(store, { worker: status.worker, state: status.state, at: event.at }, solvedBy);
    return;
  }
  if (event.kind !== "worker.state") return;
  settle(store, { worker: event.worker, state: event.status.state, at: event.at }, solvedBy);
  const { fault, state } = event.status;
  if (state === "NEEDS_LOGIN" && fault?.class === "AUTH_DEAD") {
    store.raise(loginBody(event, fault.code), event.at);
  }
  raiseForSession(store, event);
}

interface Seen {
  readonly worker: WorkerId;
  readonly state: WorkerState;
  readonly at: number;
}

function settle(store: AlertStore, seen: Seen, solvedBy: (openedAt: number) => Said): void {
  for (const alert of store.openOf(seen.worker)) {
    if (isOver(alert.body.kind, seen.state)) store.resolve(alert.n, solvedBy(alert.openedAt), seen.at);
  }
}

function isOver(kind: AlertBody["kind"], state: WorkerState): boolean {
  switch (kind) {
    case "crash":
    case "locked":
    case "broken":
      return UP.has(state);
    case "needs-login":
      return state === "RUNNING" || state === "STOPPED";
    case "storage":
      return state === "STOPPED";
    default:
      return kind satisfies never;
  }
}

function crashBody(store: AlertStore, event: Extract<FleetEvent, { kind: "worker.exited" }>): AlertBody {
  const { exit, worker, host } = event;
  const times = (store.open(worker, "crash")?.body.times ?? 0) + 1;
  const how = exit.signal ?? `exit ${exit.exitCode ?? "?"}`;
  return {
    kind: "crash",
    worker,
    host,
    times,
    title: say(titleKey(exit), { worker, times, uptime: exit.uptimeMs, how }),
    details: [errorLine(exit), nextStep(exit, event)],
    buttons: ["restart", "log", "worker"],
    action: null,
  };
}

function titleKey({ decision }: ExitReport): string {
  return ["gave-up", "park", "login"].includes(decision.kind) ? "alert-gave-up" : "alert-crash";
}

function errorLine({ fault, firstErrorLine }: ExitReport): Said {
  const line = fault.class === "CRASH" ? firstErrorLine : fault.message;
  return line === null ? say("alert-no-error") : say("alert-error-line", { line });
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

function loginBody({ worker, host, status }: Extract<FleetEvent, { kind: "worker.state" }>, code: string): AlertBody {
  return {
    kind: "needs-login",
    worker,
    host,
    times: 1,
    title: say("alert-needs-login", { worker }),
    details: [say("alert-key-ended", { code }), say("alert-do-login")],
    buttons: status.restoreHelps === true ? ["login", "backups", "log"] : ["login", "log"],
    action: null,
  };
}
