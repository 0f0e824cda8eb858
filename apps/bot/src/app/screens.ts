import { adminScreen, adminsScreen, auditScreen, settingsScreen } from "../admins/settings.ts";
import { alertsScreen } from "../alerts/alerts-screen.ts";
import { crewScreen } from "../alerts/crew.ts";
import { openWorkers } from "../alerts/group-card.ts";
import { runbookScreen } from "../alerts/runbook.ts";
import { type DoctorView, doctorScreen } from "../health/doctor-screen.ts";
import { healthScreen } from "../health/health.ts";
import { limitsScreen } from "../health/limits.ts";
import { addScreen, askScreen, confirmScreen } from "../kit/ask.ts";
import { isGroup } from "../kit/chat/target.ts";
import { noticeScreen } from "../kit/notice.ts";
import { isQuestion, openQuestion } from "../kit/open-question.ts";
import type { Card, Screen } from "../kit/screen.ts";
import type { Words } from "../kit/words/words.ts";
import { loginScreen } from "../login/login-screen.ts";
import { isRelayScreen, type RelayScreen } from "../relay/relay-screens.ts";
import { resumeScreen } from "../relay/sending.ts";
import { backupsScreen, copyRef, restoreScreen } from "../session/backups.ts";
import { stopHolderScreen } from "../session/locked.ts";
import { devicesScreen, loginsScreen } from "../session/logins.ts";
import { proxyScreen } from "../session/proxy.ts";
import { Answers } from "../workers/answers.ts";
import { bulkScreen } from "../workers/bulk-screen.ts";
import { moreScreen, workerScreen } from "../workers/details.ts";
import { logScreen } from "../workers/log.ts";
import { menuScreen, workersScreen } from "../workers/menu.ts";
import { rulesScreen } from "../workers/rules.ts";
import { countOf, type FleetView, loginStep } from "../workers/view.ts";
import { type ViewSources, Views } from "../workers/views.ts";

const DAY_MS = 24 * 3_600_000;
const AUDIT_PAGE = 15;

/** Renders screens. */
export class Screens {
  readonly #from: ViewSources;
  /** What commands brought. */
  readonly answers = new Answers();
  /** What is known of the fleet. */
  readonly views: Views;

  constructor(from: ViewSources) {
    this.#from = from;
    this.views = new Views(from);
  }

  /**
   * Renders one screen for a chat as things are now. While Redis does not answer, each says why it
   * may be old.
   */
  async render(chat: string, screen: Screen): Promise<Card> {
    const view = await this.views.of(chat, screen);
    const { html, keyboard } = await this.#render(view, screen);
    const open = this.#from.admins.openIn(chat).filter(({ what }) => !isQuestion(screen, what));
    const trouble = view.trouble ? [`🔌 ${view.words.html(`why-redis-${view.trouble}`).text}`] : [];
    const asked = open.map((each) => openQuestion(view.words, each, isGroup(chat)).text);
    return { html: [html, ...trouble, ...asked].join("\n"), keyboard };
  }

  async #render(view: FleetView, screen: Screen): Promise<Card> {
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
        return loginScreen({
          ...view,
          worker: screen.worker,
          step: loginStep(view, screen.worker),
        });
      case "logins":
        return loginsScreen(view, screen.page, (worker) => this.answers.devices(worker));
      case "log":
        return this.#log(view.words, screen);
      case "health":
        return healthScreen(view, this.views.health(view.now));
      case "doctor":
        return doctorScreen(view.words, this.#doctor(screen));
      case "rwiz":
        return this.#from.routeWizard.card(view.words, screen.admin, (id) =>
          this.#from.commands.find(id),
        );
      default:
        if (isRelayScreen(screen))
          return await this.#from.relayScreens.render(view.words, view.now, screen);
        return this.#other(view, screen);
    }
  }

  #other(view: FleetView, screen: Exclude<Screen, { kind: ShownAbove }>): Card {
    const { admins, audit, bulks } = this.#from;
    switch (screen.kind) {
      case "alerts":
      case "crew":
        return this.#alerts(view, screen);
      case "runbook":
        return runbookScreen(view.words, screen.about);
      case "add":
        return addScreen(view.words, screen.problem);
      case "ask":
        return askScreen(view.words, screen);
      case "confirm":
        return confirmScreen(view.words, { ...screen, count: this.#countOf(view, screen) });
      case "bulk":
        return bulkScreen(view, bulks.find(screen.bulk));
      case "settings":
        return this.#settings(view);
      case "limits":
        return limitsScreen(view, this.#from.limits);
      case "admins":
        return adminsScreen(view, admins.all(), screen.link);
      case "admin":
        return adminScreen(view, admins.find(screen.id));
      case "audit":
        return auditScreen(
          view,
          audit.find(screen.find, AUDIT_PAGE, screen.page * AUDIT_PAGE),
          screen.page,
          screen.find,
        );
      case "backups":
      case "restore":
      case "stop-holder":
      case "resume":
      case "rules":
        return this.#session(view, screen);
      case "proxy":
        return proxyScreen(view.words, screen);
      case "devices":
        return devicesScreen(
          view,
          screen,
          this.answers.devices(screen.worker),
          this.#from.commands.find(screen.command),
        );
      case "notice":
        return noticeScreen(view.words, screen.text, screen.worker);
      default:
        return screen satisfies never;
    }
  }

  #settings(view: FleetView): Card {
    const titles = this.#from.places.all().map((place) => place.title);
    return settingsScreen(view, this.#from.settings.all(), titles);
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
    if (screen.kind === "stop-holder")
      return stopHolderScreen(words, worker, screen.pid, screen.token);
    const copies = this.answers.copies(worker.id);
    if (screen.kind === "backups")
      return backupsScreen(words, {
        worker,
        copies,
        fetching: this.#from.commands.find(screen.command),
      });
    const copy = copies?.find((each) => copyRef(each) === screen.copy) ?? null;
    return restoreScreen(words, worker, copy, screen.token);
  }

  #log(words: Words, screen: Extract<Screen, { kind: "log" }>): Card {
    const { command } = screen;
    return logScreen(words, {
      ...screen,
      lines: this.answers.logOf(command),
      command: this.#from.commands.find(command),
    });
  }

  #alerts(view: FleetView, screen: Extract<Screen, { kind: "alerts" | "crew" }>): Card {
    const { alerts, cards, silences } = this.#from;
    if (screen.kind === "crew") return crewScreen(view, cards.find(screen.card), screen.page);
    const { tab, page } = screen;
    const history = alerts
      .history(view.now - DAY_MS)
      .filter((alert) => alert.body.kind !== "notice");
    const known = new Map(cards.current(view.now).map((card) => [card.n, card]));
    return alertsScreen(view, {
      tab,
      page,
      alerts: history,
      cards: known,
      silences: silences.active(view.now),
    });
  }

  #countOf(view: FleetView, { card, tag }: Extract<Screen, { kind: "confirm" }>): number {
    if (card === undefined) return countOf(view, tag);
    const found = this.#from.cards.find(card);
    return found ? openWorkers(found).length : 0;
  }

  #doctor({ asked }: Extract<Screen, { kind: "doctor" }>): DoctorView[] {
    return asked.map(({ host, command }) => ({
      host,
      findings: this.answers.findingsOf(command),
      command: this.#from.commands.find(command),
    }));
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
  | "rwiz"
  | RelayScreen["kind"];
