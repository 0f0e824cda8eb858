import type { FleetEvent } from "@flotilla/contracts";
import type { Clock } from "@flotilla/kernel";
import type { Database } from "@flotilla/sqlite";
import type { AlertOutbox } from "./alerts/alert-outbox.ts";
import type { AlertStore } from "./alerts/alert-store.ts";
import { applyToAlerts } from "./alerts/from-events.ts";
import type { Panels } from "./chat/panels.ts";
import type { Screens } from "./fleet-view.ts";
import type { CommandStore } from "./store/commands.ts";
import { firstSight } from "./store/control-db.ts";
import type { WorkerStore } from "./store/workers.ts";
import type { Wizard } from "./wizard/wizard.ts";

/** Parts of the event handler. */
export interface EventDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly alerts: AlertStore;
  readonly outbox: AlertOutbox;
  readonly commandLog: CommandStore;
  readonly workers: WorkerStore;
  readonly wizard: Wizard;
  readonly screens: Screens;
  readonly panels: Panels;
}

/** After a press the end of an alert is told with the name of who pressed, for so long. */
const CREDIT_MS = 120_000;

/** Takes one event: the database changes once however often it is delivered; chats are brought up to date after it. */
export async function handleEvent(deps: EventDeps, event: FleetEvent): Promise<void> {
  const { db, clock, alerts, outbox, panels } = deps;
  const fresh = db.transaction(() => {
    if (!firstSight(db, event.id, clock.now())) return false;
    adopt(deps, event);
    applyToAlerts(alerts, event, solvedBy(deps, event));
    return true;
  });
  if (!fresh) return;
  if (event.kind === "command.done") await commandDone(deps, event);
  // Sends are not awaited: a slow or flooded Telegram must not hold up the next event.
  void outbox.flush();
  void panels.refreshAll();
}

/** A worker that its host runs and this list does not have, such as after a lost `control.db`, is taken into the list. */
function adopt(deps: EventDeps, event: FleetEvent): void {
  const reported =
    event.kind === "host.started"
      ? event.workers.map((status) => status.worker)
      : event.kind === "worker.state"
        ? [event.worker]
        : [];
  for (const worker of reported) deps.workers.add(worker, event.host, "host", event.at);
}

function solvedBy(deps: EventDeps, event: FleetEvent): string | null {
  if (event.kind !== "worker.state") return null;
  const command = deps.commandLog.latest(event.worker);
  if (!command || event.at - command.askedAt > CREDIT_MS) return "by itself";
  return `by ${command.verb}, ${command.askerName}`;
}

async function commandDone(deps: EventDeps, event: Extract<FleetEvent, { kind: "command.done" }>): Promise<void> {
  const command = deps.commandLog.find(event.command);
  if (!command) return;
  deps.commandLog.end(event.command, event.outcome, deps.clock.now());
  if (event.outcome.kind === "log") deps.screens.keepLog(event.command, event.outcome.lines);
  if (!command.verb.startsWith("login.")) return;
  const answer = deps.wizard.answer(command, event.outcome);
  if (!answer) return;
  if ("row" in answer)
    await deps.panels.replace(answer.row.admin, { kind: "notice", text: answer.text, worker: answer.row.worker });
}
