import type { ExitReport, FleetEvent, WorkerState } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import { type Said, say } from "../words/said.ts";
import type { AlertBody } from "./alert-card.ts";
import type { AlertStore } from "./alert-store.ts";

/** States in which a crash is over: the process is there and did what it could. */
const UP: ReadonlySet<WorkerState> = new Set(["RUNNING", "CATCHING_UP", "DEGRADED", "NEEDS_LOGIN", "LOGGING_IN", "STOPPED"]);

/** Opens, changes and resolves alerts as events come. `solvedBy` names who or what ended an alert that opened then. Must run in the transaction that marks the event as seen. */
export function applyToAlerts(store: AlertStore, event: FleetEvent, solvedBy: (openedAt: number) => Said): void {
  if (event.kind === "worker.exited") {
    if (event.exit.decision.kind !== "none") store.raise(crashBody(store, event), event.at);
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
}

interface Seen {
  readonly worker: WorkerId;
  readonly state: WorkerState;
  readonly at: number;
}

function settle(store: AlertStore, seen: Seen, solvedBy: (openedAt: number) => Said): void {
  for (const alert of store.openOf(seen.worker)) {
    const over = alert.body.kind === "crash" ? UP.has(seen.state) : seen.state === "RUNNING" || seen.state === "STOPPED";
    if (over) store.resolve(alert.n, solvedBy(alert.openedAt), seen.at);
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

function titleKey({ fault, decision }: ExitReport): string {
  if (fault.class === "SESSION_LOCKED" || fault.class === "IN_USE") return "alert-locked";
  return ["gave-up", "park", "login"].includes(decision.kind) ? "alert-gave-up" : "alert-crash";
}

function errorLine({ fault, firstErrorLine }: ExitReport): Said {
  const line = fault.class === "CRASH" ? firstErrorLine : fault.message;
  return line === null ? say("alert-no-error") : say("alert-error-line", { line });
}

function nextStep({ decision, fault }: ExitReport, { at, worker }: { readonly at: number; readonly worker: WorkerId }): Said {
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
      return fault.class === "DB_BROKEN" ? say("alert-next-restore", { worker }) : say("alert-next-parked");
    case "login":
      return say("alert-next-login");
    case "none":
      return say("alert-next-parked");
    default:
      return decision satisfies never;
  }
}

function loginBody({ worker, host }: Extract<FleetEvent, { kind: "worker.state" }>, code: string): AlertBody {
  return {
    kind: "needs-login",
    worker,
    host,
    times: 1,
    title: say("alert-needs-login", { worker }),
    details: [say("alert-key-ended", { code }), say("alert-do-login")],
    buttons: ["login", "log"],
    action: null,
  };
}
