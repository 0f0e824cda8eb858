import type { BackupCopy, WorkerStatus } from "@flotilla/contracts";
import { type Clock, parseUserId, type WorkerId } from "@flotilla/kernel";
import type { StatusReader } from "@flotilla/queue";
import type { AlertStore } from "./alerts/alert-store.ts";
import { backupsScreen, copyRef, restoreScreen } from "./screens/backups.ts";
import { workerScreen } from "./screens/details.ts";
import { stopHolderScreen } from "./screens/locked.ts";
import { logScreen } from "./screens/log.ts";
import { loginScreen } from "./screens/login.ts";
import { addScreen, menuScreen, workersScreen } from "./screens/menu.ts";
import { noticeScreen } from "./screens/notice.ts";
import type { Card, Screen } from "./screens/screen.ts";
import type { FleetView } from "./screens/view.ts";
import type { CommandStore } from "./store/commands.ts";
import type { WorkerStore } from "./store/workers.ts";
import type { Wizard } from "./wizard/wizard.ts";
import type { WizardStep } from "./wizard/wizard-state.ts";
import { say } from "./words/said.ts";
import type { Words } from "./words/words.ts";

/** Where a view comes from. */
export interface ViewSources {
  readonly statuses: StatusReader;
  readonly workers: WorkerStore;
  readonly commands: CommandStore;
  readonly alerts: AlertStore;
  readonly wizard: Wizard;
  readonly clock: Clock;
  /** The language of a chat. */
  readonly wordsOf: (chat: string) => Words;
}

/** Collects what screens show, and renders them. Keeps the last known statuses for when Redis is away. */
export class Screens {
  readonly #from: ViewSources;
  readonly #logs = new Map<string, readonly string[]>();
  readonly #copies = new Map<WorkerId, readonly BackupCopy[]>();
  #known: ReadonlyMap<WorkerId, WorkerStatus> = new Map();

  constructor(from: ViewSources) {
    this.#from = from;
  }

  /** Renders one screen for a chat as things are now. */
  async render(chat: string, screen: Screen): Promise<Card> {
    const view = await this.#view(chat, screen);
    switch (screen.kind) {
      case "menu":
        return menuScreen(view);
      case "workers":
        return workersScreen(view, screen.page);
      case "worker":
        return workerScreen(view, screen.worker);
      case "add":
        return addScreen(view.words, screen.problem);
      case "log":
        return this.#log(view.words, screen);
      case "login":
        return loginScreen({ ...view, worker: screen.worker, step: loginStep(view, screen.worker) });
      case "backups":
      case "restore":
      case "stop-holder":
        return this.#session(view, screen);
      case "notice":
        return noticeScreen(view.words, screen.text, screen.worker);
      default:
        return screen satisfies never;
    }
  }

  /** Keeps the lines that a log command brought, for the panels that wait for them. */
  keepLog(command: string, lines: readonly string[]): void {
    this.#logs.set(command, lines);
    for (const old of [...this.#logs.keys()].slice(0, -50)) this.#logs.delete(old);
  }

  /** Keeps the copies that a host listed, for the panels that wait for them. */
  keepCopies(worker: WorkerId, copies: readonly BackupCopy[]): void {
    this.#copies.set(worker, copies);
  }

  /** The copies that were listed last; null when they never were. */
  copies(worker: WorkerId): readonly BackupCopy[] | null {
    return this.#copies.get(worker) ?? null;
  }

  /** Whether the worker has a process, as far as is known. */
  runs(worker: WorkerId): boolean {
    return (this.#known.get(worker)?.pid ?? null) !== null;
  }

  #session(view: FleetView, screen: Extract<Screen, { kind: "backups" | "restore" | "stop-holder" }>): Card {
    const { words } = view;
    const worker = view.workers.find((each) => each.id === screen.worker);
    if (!worker) return workerScreen(view, screen.worker);
    if (screen.kind === "stop-holder") return stopHolderScreen(words, worker, screen.pid, screen.token);
    const copies = this.copies(worker.id);
    if (screen.kind === "backups")
      return backupsScreen(words, { worker, copies, fetching: this.#from.commands.find(screen.command) });
    const copy = copies?.find((each) => copyRef(each) === screen.copy) ?? null;
    return restoreScreen(words, worker, copy, screen.token);
  }

  #log(words: Words, screen: Extract<Screen, { kind: "log" }>): Card {
    const lines = this.#logs.get(screen.command) ?? null;
    return logScreen(words, { worker: screen.worker, lines, command: this.#from.commands.find(screen.command) });
  }

  async #view(chat: string, screen: Screen): Promise<FleetView> {
    const { statuses, workers, commands, alerts, wizard, clock } = this.#from;
    const fresh = await statuses.all().then(
      (all) => {
        this.#known = all;
        return true;
      },
      () => false,
    );
    const admin = parseUserId(chat);
    return {
      now: clock.now(),
      words: this.#from.wordsOf(chat),
      fresh,
      openAlerts: alerts.countOpen(),
      wizard: screen.kind === "login" ? wizard.of(admin) : null,
      digits: screen.kind === "login" ? wizard.digits(admin) : 0,
      workers: workers
        .all()
        .map((row) => ({ ...row, status: this.#known.get(row.id) ?? null, command: commands.latest(row.id) })),
    };
  }
}

function loginStep(view: FleetView, worker: WorkerId): WizardStep {
  return view.wizard?.worker === worker ? view.wizard.step : { kind: "ended", text: say("login-over") };
}
