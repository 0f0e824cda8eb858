import type { FleetEvent } from "@flotilla/contracts";
import type { Clock, WorkerId } from "@flotilla/kernel";
import type { Database } from "@flotilla/sqlite";
import type { AlertOutbox } from "../alerts/alert-outbox.ts";
import type { AlertStore } from "../alerts/alert-store.ts";
import { applyToAlerts } from "../alerts/from-events.ts";
import type { RefusedJobs } from "../alerts/refused-jobs.ts";
import type { SilenceStore } from "../alerts/silence-store.ts";
import { whoStopped } from "../alerts/who-stopped.ts";
import type { Recorder } from "../charts/recorder.ts";
import type { Panels } from "../kit/chat/panels.ts";
import { firstSight } from "../kit/control-db.ts";
import { type Said, say } from "../kit/words/said.ts";
import type { QrPhoto } from "../login/qr-photo.ts";
import type { Wizard } from "../login/wizard.ts";
import type { WizardProgress } from "../login/wizard-state.ts";
import type { ChatFinder } from "../relay/chat-finder.ts";
import type { RelayFigures } from "../relay/relay-figures.ts";
import type { Answers } from "../workers/answers.ts";
import type { BulkStore } from "../workers/bulk-store.ts";
import type { CommandStore } from "../workers/command-store.ts";
import type { WorkerStore } from "../workers/worker-store.ts";
import { forgetWorker } from "./forget-worker.ts";

/** Parts of the event handler. */
export interface EventDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly alerts: AlertStore;
  readonly outbox: AlertOutbox;
  readonly commandLog: CommandStore;
  readonly workers: WorkerStore;
  readonly silences: SilenceStore;
  readonly wizard: Wizard;
  readonly qrPhoto: QrPhoto;
  readonly bulks: BulkStore;
  readonly answers: Answers;
  readonly relayFigures: RelayFigures;
  readonly finder: ChatFinder;
  readonly panels: Panels;
  readonly recorder: Recorder;
  readonly refused: RefusedJobs;
  /** A card could not be shown; the next refresh tries again. */
  readonly onChatError: (error: unknown) => void;
}

type Show = () => Promise<void>;

/**
 * Takes one event: the database changes once however often it is delivered; chats are brought up to
 * date after it.
 */
export async function handleEvent(deps: EventDeps, told: FleetEvent): Promise<void> {
  const { db, clock, alerts, outbox, panels } = deps;
  // A host whose clock is a day ahead would have its alerts told tomorrow.
  const event = { ...told, at: Math.min(told.at, clock.now()) };
  const showAnswer = db.transaction(() => {
    if (!firstSight(db, event.id, clock.now())) return null;
    adopt(deps, event);
    if (event.kind === "worker.state") deps.recorder.heard(event.status);
    for (const worker of processEnded(event)) deps.wizard.lost(worker);
    applyToAlerts(alerts, event, {
      solvedBy: (openedAt) => solvedBy(deps, event, openedAt),
      stoppedBy: (worker) => whoStopped(deps, worker),
    });
    return apply(deps, event);
  });
  if (!showAnswer) return;
  // Sends are not awaited: a slow or flooded Telegram must not hold up the next event.
  void showAnswer().catch(deps.onChatError);
  outbox.soon();
  void panels.refreshAll();
}

/** What an event changes besides alerts; returns how to show it to the one who waits for it. */
function apply(deps: EventDeps, event: FleetEvent): Show {
  switch (event.kind) {
    case "command.done":
      return commandDone(deps, event);
    case "login.progress": {
      const progress = deps.wizard.progress(event.login, event.step);
      return progress ? () => showProgress(deps, progress) : async () => {};
    }
    case "bulk.progress":
      deps.bulks.report(event);
      return async () => {};
    case "host.started":
    case "host.trouble":
    case "worker.state":
    case "worker.exited":
    case "worker.storage":
    case "worker.lost":
      return async () => {};
    case "jobs.refused":
      deps.refused.add(event, deps.clock.now());
      return async () => {};
    default:
      return event satisfies never;
  }
}

/**
 * A worker that its host runs and this list does not have, such as after a lost `control.db`, is
 * taken into the list.
 */
function adopt(deps: EventDeps, event: FleetEvent): void {
  for (const worker of reported(event)) {
    deps.workers.add(worker, event.host, "host", event.at);
    deps.workers.found(worker, event.host);
  }
}

function reported(event: FleetEvent): readonly WorkerId[] {
  if (event.kind === "host.started") return event.workers.map((status) => status.worker);
  return event.kind === "worker.state" ? [event.worker] : [];
}

/** Workers whose process is gone or about to go: whatever it had in memory is lost. */
function processEnded(event: FleetEvent): readonly WorkerId[] {
  if (event.kind === "host.started") return event.workers.map((status) => status.worker);
  if (event.kind === "worker.exited") return [event.worker];
  return event.kind === "worker.state" &&
    (event.status.state === "STOPPING" || event.status.state === "STOPPED")
    ? [event.worker]
    : [];
}

/** The latest command counts if it came after the alert: else the restart policy did it. */
function solvedBy(deps: EventDeps, event: FleetEvent, openedAt: number): Said {
  const command = event.kind === "worker.state" ? deps.commandLog.latest(event.worker) : null;
  return command && command.askedAt >= openedAt
    ? say("solved-command", { verb: command.verb, by: command.askerName })
    : say("solved-itself");
}

/**
 * Writes the outcome down; returns how to show it to the one who asked, who does not wait among the
 * live cards.
 */
function commandDone(deps: EventDeps, event: Extract<FleetEvent, { kind: "command.done" }>): Show {
  const command = deps.commandLog.find(event.command);
  if (!command) return async () => {};
  deps.commandLog.end(event.command, event.outcome, deps.clock.now());
  deps.answers.keep(event);
  deps.finder.answered(event.command, event.outcome);
  deps.relayFigures.lists.keep(command.worker, event.outcome);
  if (event.outcome.kind === "dry") deps.relayFigures.keepDry(event.command, event.outcome.lines);
  if (command.verb === "forget" && event.outcome.kind === "done")
    forgetWorker(deps, command.worker, command.askerName);
  const end = command.verb.startsWith("login.") ? deps.wizard.answer(command, event.outcome) : null;
  if (!end) return () => deps.panels.refresh(command.askerId, "urgent");
  return () =>
    deps.panels.replace(end.admin, { kind: "notice", text: end.text, worker: end.worker });
}

async function showProgress(
  { panels, qrPhoto, wizard }: EventDeps,
  progress: WizardProgress,
): Promise<void> {
  const { admin, end, login, url, message } = progress;
  if (url !== null) {
    const shown = await qrPhoto.show(admin, url, message);
    wizard.shownAt(login, shown);
  } else if (message !== null) await qrPhoto.remove(admin, message);
  if (end) await panels.replace(admin, { kind: "notice", text: end.text, worker: end.worker });
  else await panels.refresh(admin, "urgent");
}
