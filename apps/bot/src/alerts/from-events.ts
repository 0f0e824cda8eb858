import type { ExitReport, FleetEvent, WorkerState } from "@flotilla/contracts";
import type { WorkerId } from "@flotilla/kernel";
import { clockTime, duration } from "../screens/words.ts";
import type { AlertBody } from "./alert-card.ts";
import type { AlertStore } from "./alert-store.ts";

/** States in which a crash is over: the process is there and did what it could. */
const UP: ReadonlySet<WorkerState> = new Set(["RUNNING", "CATCHING_UP", "DEGRADED", "NEEDS_LOGIN", "LOGGING_IN", "STOPPED"]);

/** Opens, changes and resolves alerts as events come. `solvedBy` names who or what ended an alert that opened then. Must run in the transaction that marks the event as seen. */
export function applyToAlerts(store: AlertStore, event: FleetEvent, solvedBy: (openedAt: number) => string): void {
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
    store.raise({ kind: "needs-login", worker: event.worker, host: event.host, code: fault.code, action: null }, event.at);
  }
}

interface Seen {
  readonly worker: WorkerId;
  readonly state: WorkerState;
  readonly at: number;
}

function settle(store: AlertStore, seen: Seen, solvedBy: (openedAt: number) => string): void {
  for (const alert of store.openOf(seen.worker)) {
    const over = alert.body.kind === "crash" ? UP.has(seen.state) : seen.state === "RUNNING" || seen.state === "STOPPED";
    if (over) store.resolve(alert.n, solvedBy(alert.openedAt), seen.at);
  }
}

function crashBody(store: AlertStore, event: Extract<FleetEvent, { kind: "worker.exited" }>): AlertBody {
  const { exit } = event;
  const earlier = store.open(event.worker, "crash")?.body;
  return {
    kind: "crash",
    worker: event.worker,
    host: event.host,
    how: exit.signal ? `signal ${exit.signal}` : `exit ${exit.exitCode ?? "unknown"}`,
    uptimeMs: exit.uptimeMs,
    firstErrorLine: exit.fault.class === "CRASH" ? exit.firstErrorLine : exit.fault.message,
    class: exit.fault.class,
    count: (earlier?.kind === "crash" ? earlier.count : 0) + 1,
    next: nextSentence(exit, event),
    gaveUp: ["gave-up", "park", "login"].includes(exit.decision.kind),
    action: null,
  };
}

function nextSentence(
  { decision, fault }: ExitReport,
  { at, worker }: { readonly at: number; readonly worker: WorkerId },
): string {
  switch (decision.kind) {
    case "restart":
      return `Restart in ${duration(decision.delayMs)}, at ${clockTime(at + decision.delayMs)} (${decision.attempt}/${decision.limit}).`;
    case "retry":
      return `Next try in ${duration(decision.delayMs)}, at ${clockTime(at + decision.delayMs)}.`;
    case "gave-up":
      return `${decision.attempts} restarts in ${duration(decision.windowMs)} did not help. No more tries until you press Restart.`;
    case "park":
      return fault.class === "DB_BROKEN"
        ? `A restart cannot help. Get it back on its machine: npm run flotilla -- restore ${worker} --list, then press Restart.`
        : "A restart cannot help. It stays stopped until you act.";
    case "login":
      return "No restart will be tried: only a login helps.";
    case "none":
      return "";
    default:
      return decision satisfies never;
  }
}
