import type { Fault, FleetEvent, StorageProblem } from "@flotilla/contracts";
import { type Said, say } from "../kit/words/said.ts";
import { type AlertBody, alertBody } from "./alert-body.ts";
import type { AlertStore } from "./alert-store.ts";

/** Faults of a session file that have words of their own, with what to do. */
const DAMAGE: ReadonlySet<string> = new Set([
  "sqlite-cantopen",
  "sqlite-corrupt",
  "sqlite-deleted",
  "sqlite-empty",
  "sqlite-foreign-owner",
  "sqlite-full",
  "sqlite-io",
  "sqlite-missing",
  "sqlite-not-a-database",
  "sqlite-readonly",
  "sqlite-replaced",
  "sqlite-truncated",
  "key-unreadable",
]);

type StateEvent = Extract<FleetEvent, { kind: "worker.state" }>;

/**
 * Opens the alert of a session file that another process has, or that cannot be used. At once:
 * nothing else will tell.
 */
export function raiseForSession(store: AlertStore, event: StateEvent): void {
  const { fault, state } = event.status;
  if (!fault) return;
  const { worker, at } = event;
  const [exit, locked, broken] = [`exit:${worker}`, `locked:${worker}`, `broken:${worker}`];
  if (state === "LOCKED" || state === "IN_USE") {
    store.become([exit, broken], locked);
    store.raise(locked, lockedBody(store, event, fault), at);
  }
  if (state === "BROKEN") {
    store.become([exit, locked], broken);
    store.raise(broken, brokenBody(event, fault), at);
  }
}

/** Opens, changes or closes the alert of a session file that is slow. */
export function applyStorage(
  store: AlertStore,
  { worker, host, problem, at }: Extract<FleetEvent, { kind: "worker.storage" }>,
  solvedBy: Said,
): void {
  const open = store.open(`storage:${worker}`);
  if (problem === null) {
    if (open) store.resolve(open.n, solvedBy, at);
    return;
  }
  const times = (open?.body.times ?? 0) + 1;
  const title = say("alert-storage", { worker, times });
  const details = [storageLine(problem), say("alert-storage-do")];
  const body: AlertBody = {
    kind: "storage",
    worker,
    host,
    times,
    title,
    details,
    buttons: ["who", "log", "worker"],
    action: null,
  };
  store.raise(`storage:${worker}`, body, at);
}

function lockedBody(
  store: AlertStore,
  { worker, host, previous, status }: StateEvent,
  fault: Fault,
): AlertBody {
  const before = store.open(`locked:${worker}`)?.body;
  const open = before?.kind === "locked" ? before : undefined;
  // It stayed as it is: who is in the way became known.
  const times = open && previous === status.state ? open.times : (open?.times ?? 0) + 1;
  return {
    kind: "locked",
    worker,
    host,
    times,
    title: say("alert-locked", { worker, times }),
    details: [
      holderLine(status) ??
        say("details-fault", { class: fault.class, code: fault.code, message: fault.message }),
      say("alert-locked-next"),
    ],
    buttons: ["who", "retry", "log", "worker"],
    ...(status.holder?.ours ? { holder: status.holder.pid } : {}),
    action: null,
  };
}

function holderLine({ holder }: StateEvent["status"]): Said | null {
  if (!holder) return null;
  return say(holder.ours ? "alert-locked-by" : "alert-locked-by-other", {
    pid: String(holder.pid),
    command: holder.command ?? "?",
    user: holder.user ?? "?",
  });
}

function brokenBody({ worker, host, status }: StateEvent, fault: Fault): AlertBody {
  const words = DAMAGE.has(fault.code)
    ? say(`fault-${fault.code}`)
    : say("alert-error-line", { line: fault.message });
  return alertBody({
    kind: "broken",
    worker,
    host,
    code: fault.code,
    title: say("alert-broken", { worker }),
    details: [words, say("alert-broken-next")],
    buttons:
      status.restoreHelps === true
        ? ["backups", "retry", "log", "worker"]
        : ["retry", "log", "worker"],
  });
}

function storageLine(problem: StorageProblem): Said {
  switch (problem.kind) {
    case "slow-wait":
      return say("alert-storage-wait", { operation: problem.operation, ms: problem.tookMs });
    case "waits-long":
      return say("alert-storage-waits", { ms: problem.p95Ms });
    case "wal-large":
      return say(problem.holder ? "alert-storage-wal-held" : "alert-storage-wal", {
        mb: Math.round(problem.walBytes / 1e6),
        holder: problem.holder ?? "",
      });
    case "checkpoint-failed":
      return say("alert-storage-checkpoint", { why: problem.message });
    default:
      return problem satisfies never;
  }
}
