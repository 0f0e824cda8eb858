import { STATUS_STALE_MS, type WorkerStatus } from "@flotilla/contracts";
import type { Clock, WorkerId } from "@flotilla/kernel";
import type { StatusReader } from "@flotilla/queue";
import type { AlertStore } from "./alerts/alert-store.ts";
import type { CardStore } from "./alerts/card-store.ts";
import type { SentLog } from "./alerts/sent-log.ts";
import { Answers } from "./answers.ts";
import type { RollupStore } from "./charts/rollup-store.ts";
import { isRelayScreen, type RelayScreen, type RelayScreens } from "./relay/relay-screens.ts";
import { alertsScreen } from "./screens/alerts.ts";
import { addScreen, askScreen, confirmScreen } from "./screens/ask.ts";
import { backupsScreen, copyRef, restoreScreen } from "./screens/backups.ts";
import { bulkScreen } from "./screens/bulk.ts";
import { moreScreen, workerScreen } from "./screens/details.ts";
import { type DoctorView, doctorScreen } from "./screens/doctor.ts";
import { type HealthView, healthScreen } from "./screens/health.ts";
import { type ConfiguredLimits, limitsScreen } from "./screens/limits.ts";
import { stopHolderScreen } from "./screens/locked.ts";
import { logScreen } from "./screens/log.ts";
import { loginScreen } from "./screens/login.ts";
import { devicesScreen, loginsScreen } from "./screens/logins.ts";
import { menuScreen, workersScreen } from "./screens/menu.ts";
import { noticeScreen } from "./screens/notice.ts";
import { proxyScreen } from "./screens/proxy.ts";
import { rulesScreen } from "./screens/rules.ts";
import type { Card, Screen } from "./screens/screen.ts";
import { resumeScreen } from "./screens/sending.ts";
import { adminScreen, adminsScreen, auditScreen, settingsScreen } from "./screens/settings.ts";
import { countOf, type FleetView, loginStep, type WorkerView } from "./screens/view.ts";
import type { AdminStore } from "./store/admins.ts";
import type { AuditStore } from "./store/audit.ts";
import type { BulkStore } from "./store/bulks.ts";
import type { CommandStore } from "./store/commands.ts";
import type { PlaceStore } from "./store/places.ts";
import type { SettingStore } from "./store/settings.ts";
import { EVERYBODY, type SilenceStore } from "./store/silences.ts";
import type { WorkerStore } from "./store/workers.ts";
import type { Wizard } from "./wizard/wizard.ts";
import type { Words } from "./words/words.ts";

/** Where a view comes from. */
export interface ViewSources {
  readonly statuses: StatusReader;
  readonly workers: WorkerStore;
  readonly commands: CommandStore;
  readonly alerts: AlertStore;
  readonly cards: CardStore;
  readonly sent: SentLog;
  readonly silences: SilenceStore;
  readonly settings: SettingStore;
  readonly admins: AdminStore;
  readonly places: PlaceStore;
  readonly audit: AuditStore;
  readonly bulks: BulkStore;
  readonly wizard: Wizard;
  readonly clock: Clock;
  readonly rollups: RollupStore;
  readonly relayScreens: RelayScreens;
  readonly limits: ConfiguredLimits;
  /** The language of a chat. */
  readonly wordsOf: (chat: string) => Words;
  /** What only the running process knows. */
  readonly signs: () => Pick<HealthView, "redisAwaySince" | "pollProblemSince" | "pingedAt" | "secondPath">;
}

const DAY_MS = 24 * 3_600_000;
const AUDIT_PAGE = 15;

/** Collects what screens show, and renders them. Keeps the last known statuses for when Redis is away. */
export class Screens {
  readonly #from: ViewSources;
  /** What commands brought. */
  readonly answers = new Answers();
  #known: ReadonlyMap<WorkerId, WorkerStatus> = new Map();
  #redisMs: number | null = null;

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
        return workersScreen(view, screen);
      case "worker":
        return workerScreen(view, screen.worker);
      case "more":
        return moreScreen(view, screen.worker);
      case "login":
        return loginScreen({ ...view, worker: screen.worker, step: loginStep(view, screen.worker) });
      case "logins":
        return loginsScreen(view, screen.page, (worker) => this.answers.devices(worker));
      case "log":
        return this.#log(view.words, screen);
      case "health":
        return healthScreen(view, this.#health(view.now));
      case "doctor":
        return doctorScreen(view.words, this.#doctor(screen));
      default:
        if (isRelayScreen(screen)) return await this.#from.relayScreens.render(view.words, view.now, screen);
        return this.#other(view, screen);
    }
  }

  #other(view: FleetView, screen: Exclude<Screen, { kind: ShownAbove }>): Card {
    const { admins, audit, bulks, places, settings } = this.#from;
    switch (screen.kind) {
      case "alerts":
        return this.#alerts(view, screen.tab);
      case "add":
        return addScreen(view.words, screen.problem);
      case "ask":
        return askScreen(view.words, screen);
      case "confirm":
        return confirmScreen(view.words, { ...screen, count: countOf(view, screen.tag) });
      case "bulk":
        return bulkScreen(view.words, bulks.find(screen.bulk));
      case "settings":
        return settingsScreen(
          view,
          settings.all(),
          places.all().map((place) => place.title),
        );
      case "limits":
        return limitsScreen(view, this.#from.limits);
      case "admins":
        return adminsScreen(view, admins.all(), screen.link);
      case "admin":
        return adminScreen(view, admins.find(screen.id));
      case "audit":
        return auditScreen(view, audit.find(screen.find, AUDIT_PAGE, screen.page * AUDIT_PAGE), screen.page, screen.find);
      case "backups":
      case "restore":
      case "stop-holder":
      case "resume":
      case "rules":
        return this.#session(view, screen);
      case "proxy":
        return proxyScreen(view.words, screen);
      case "devices":
        return devicesScreen(view, screen, this.answers.devices(screen.worker), this.#from.commands.find(screen.command));
      case "notice":
        return noticeScreen(view.words, screen.text, screen.worker);
      default:
        return screen satisfies never;
    }
  }

  /** Whether the worker has a process, as far as is known. */
  runs(worker: WorkerId): boolean {
    return (this.#known.get(worker)?.pid ?? null) !== null;
  }

  /** What is known of a worker, which may be old. */
  lastStatus(worker: WorkerId): WorkerStatus | null {
    return this.#known.get(worker) ?? null;
  }

  /** Last known statuses of the workers of the list, and whether they are fresh. */
  async look(): Promise<{ readonly statuses: readonly WorkerStatus[]; readonly fresh: boolean }> {
    const { clock, statuses } = this.#from;
    const askedAt = clock.monotonicMs();
    const fresh = await statuses.all().then(
      (all) => {
        this.#known = all;
        this.#redisMs = clock.monotonicMs() - askedAt;
        return true;
      },
      () => {
        this.#redisMs = null;
        return false;
      },
    );
    return { fresh, statuses: this.#from.workers.all().flatMap(({ id }) => this.#known.get(id) ?? []) };
  }

  #session(
    view: FleetView,
    screen: Extract<Screen, { kind: "backups" | "restore" | "stop-holder" | "resume" | "rules" }>,
  ): Card {
    const { words } = view;
    const worker = view.workers.find((each) => each.id === screen.worker);
    if (!worker) return workerScreen(view, screen.worker);
    if (screen.kind === "rules") return rulesScreen(view, worker.id);
    if (screen.kind === "resume") return resumeScreen(words, worker, screen.token);
    if (screen.kind === "stop-holder") return stopHolderScreen(words, worker, screen.pid, screen.token);
    const copies = this.answers.copies(worker.id);
    if (screen.kind === "backups")
      return backupsScreen(words, { worker, copies, fetching: this.#from.commands.find(screen.command) });
    const copy = copies?.find((each) => copyRef(each) === screen.copy) ?? null;
    return restoreScreen(words, worker, copy, screen.token);
  }

  #log(words: Words, screen: Extract<Screen, { kind: "log" }>): Card {
    const { worker, level, command } = screen;
    return logScreen(words, { worker, level, lines: this.answers.logOf(command), command: this.#from.commands.find(command) });
  }

  #alerts(view: FleetView, tab: Extract<Screen, { kind: "alerts" }>["tab"]): Card {
    const { alerts, cards, silences } = this.#from;
    const known = new Map(cards.current(view.now).map((card) => [card.n, card]));
    const history = alerts.history(view.now - DAY_MS).filter((alert) => alert.body.kind !== "notice");
    return alertsScreen(view, { tab, alerts: history, cards: known, silences: silences.active(view.now) });
  }

  #health(now: number): HealthView {
    const { alerts, sent, admins, signs } = this.#from;
    const week = alerts.history(now - 7 * DAY_MS);
    return {
      ...signs(),
      redisMs: this.#redisMs,
      lockAlerts: week.filter(({ body }) => body.kind === "locked" || body.kind === "storage").length,
      sent: sent.count(now - 7 * DAY_MS),
      unreachable: admins
        .all()
        .filter((admin) => !admin.reachable)
        .map((admin) => admin.name),
    };
  }

  #doctor({ asked }: Extract<Screen, { kind: "doctor" }>): DoctorView[] {
    return asked.map(({ host, command }) => ({
      host,
      findings: this.answers.findingsOf(command),
      command: this.#from.commands.find(command),
    }));
  }

  /** A status that is too old is told as such: whoever wrote it is gone, or cannot be heard. */
  #stateOf(worker: WorkerId, fresh: boolean, now: number): Pick<WorkerView, "status" | "staleSince"> {
    const status = this.#known.get(worker) ?? null;
    const stale = fresh && status !== null && now - status.updatedAt > STATUS_STALE_MS;
    return { status, staleSince: stale ? status.updatedAt : null };
  }

  async #view(chat: string, screen: Screen): Promise<FleetView> {
    const { workers, commands, alerts, admins, silences, wizard, clock } = this.#from;
    const { fresh } = await this.look();
    const now = clock.now();
    const silent = silences.active(now);
    const days = this.#from.rollups.lastDay(now);
    const open = alerts.allOpen();
    const login = screen.kind === "login" ? wizard.ofChat(chat) : null;
    return {
      now,
      fresh,
      words: this.#from.wordsOf(chat),
      // In a group the buttons are those of everybody; each press is checked by itself.
      role: admins.role(chat) ?? "operator",
      openAlerts: open.length,
      silence: silent.find((each) => each.scope === EVERYBODY) ?? null,
      wizard: login,
      digits: login ? wizard.digits(login.admin) : 0,
      workers: workers.all().map((row) => ({
        ...row,
        ...this.#stateOf(row.id, fresh, now),
        day: days.get(row.id) ?? null,
        command: commands.latest(row.id),
        openAlerts: open.filter(({ body }) => body.worker === row.id).length,
        silence: silent.find((each) => each.scope === row.id) ?? null,
      })),
    };
  }
}

type ShownAbove =
  | "menu"
  | "workers"
  | "worker"
  | "more"
  | "login"
  | "logins"
  | "log"
  | "health"
  | "doctor"
  | RelayScreen["kind"];
