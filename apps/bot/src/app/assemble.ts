import { randomUUID } from "node:crypto";
import type { Config } from "@flotilla/config";
import {
  type Asker,
  type RelayStatus,
  type RoutesForReader,
  START_AGAIN_EXIT_CODE,
} from "@flotilla/contracts";
import { type Clock, type HostId, systemClock, type WorkerId } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import type { CommandSender, HostBoard, StandbyBoard, StatusReader } from "@flotilla/queue";
import type { Database } from "@flotilla/sqlite";
import { type Bot, InputFile } from "grammy";
import { AdminStore, type AlertChat } from "../admins/admin-store.ts";
import { AuditStore, SYSTEM } from "../admins/audit-store.ts";
import { PlaceStore } from "../admins/place-store.ts";
import { SettingStore } from "../admins/setting-store.ts";
import { Absence } from "../alerts/absence.ts";
import { AlertActions } from "../alerts/alert-actions.ts";
import { AlertDesk } from "../alerts/alert-desk.ts";
import { AlertOutbox } from "../alerts/alert-outbox.ts";
import { AlertStore } from "../alerts/alert-store.ts";
import { CardStore } from "../alerts/card-store.ts";
import { RedisWatch } from "../alerts/redis-watch.ts";
import { RefusedJobs } from "../alerts/refused-jobs.ts";
import { placesOf, SecondPath } from "../alerts/second-path.ts";
import { SentLog } from "../alerts/sent-log.ts";
import { SilenceStore } from "../alerts/silence-store.ts";
import { ChartDesk } from "../charts/chart-desk.ts";
import { Drawer } from "../charts/drawer.ts";
import { Recorder } from "../charts/recorder.ts";
import { RollupStore } from "../charts/rollup-store.ts";
import { Draining } from "../drains/draining.ts";
import { FloatingWatch } from "../floating/floating-watch.ts";
import { KnownHosts } from "../health/known-hosts.ts";
import { hostChoices } from "../hosts/choices.ts";
import { DrainStore } from "../hosts/drain-store.ts";
import { EditPace } from "../kit/chat/edit-pace.ts";
import { OldCards } from "../kit/chat/old-cards.ts";
import { PanelStore } from "../kit/chat/panel-store.ts";
import { calmGapMs, type PanelDeps, Panels } from "../kit/chat/panels.ts";
import type { Card, Screen } from "../kit/chat/screen.ts";
import { SureSender } from "../kit/chat/sure-sender.ts";
import { chatId, isGroup, topicOf } from "../kit/chat/target.ts";
import { type Languages, loadLanguages, type Words } from "../kit/words/words.ts";
import { machineZone } from "../kit/words/zone.ts";
import { fileSource } from "../login/files.ts";
import { QrPhoto } from "../login/qr-photo.ts";
import { Wizard } from "../login/wizard.ts";
import { WizardStore } from "../login/wizard-store.ts";
import { MoveStore } from "../moves/move-store.ts";
import { Moving } from "../moves/moving.ts";
import { ChatFinder } from "../relay/chat-finder.ts";
import { hostsApart } from "../relay/hosts-apart.ts";
import { RelayFigures } from "../relay/relay-figures.ts";
import { RelayNotes } from "../relay/relay-notes.ts";
import { RouteDesk } from "../relay/route-desk.ts";
import { RouteStore } from "../relay/route-store.ts";
import { botChats } from "../relay/wizard/bot-chats.ts";
import { DraftStore } from "../relay/wizard/draft-store.ts";
import { RouteWizard } from "../relay/wizard/route-wizard.ts";
import { ScheduleDesk } from "../schedules/schedule-desk.ts";
import { ScheduleStore } from "../schedules/schedule-store.ts";
import type { OwnBackups } from "../schedules/work.ts";
import { ownBot } from "../upkeep/own-bot.ts";
import { RollStore } from "../upkeep/roll-store.ts";
import { Rolling } from "../upkeep/rolling.ts";
import { Answers } from "../workers/answers.ts";
import { Bulk } from "../workers/bulk-run.ts";
import { BulkStore } from "../workers/bulk-store.ts";
import { CommandStore } from "../workers/command-store.ts";
import { Commands } from "../workers/commands.ts";
import { Views } from "../workers/views.ts";
import { WorkerStore } from "../workers/worker-store.ts";
import { REGISTRY } from "./features.ts";
import { forgetWorker } from "./forget-worker.ts";
import { Gate } from "./gate.ts";
import { Inbox } from "./inbox.ts";
import type { PollProblem } from "./poller.ts";
import { type RenderDeps, renderScreen } from "./screens.ts";
import { commandsFor } from "./text-commands.ts";
import { wayOf } from "./way.ts";

/** What the bot stands on. */
export interface Outside {
  readonly db: Database;
  readonly bot: Bot;
  readonly commandSender: CommandSender;
  readonly statuses: StatusReader;
  readonly hostBoard: Pick<HostBoard, "all" | "forget">;
  readonly standbyBoard: Pick<StandbyBoard, "all" | "drop" | "closed" | "keepClosed">;
  readonly config: Config;
  readonly log: Logger;
  readonly relayWire: RelayWire;
  /** What the processes of this fleet refused in its queues. */
  readonly refused?: RefusedJobs;
  /** Archives of the bot's own folder; null = a supervisor makes them. */
  readonly ownBackups?: () => OwnBackups | null;
  /** That of this machine, unless one is given. */
  readonly clock?: Clock;
}

/** How the bot reaches readers: tells them their routes, and looks at what they report. */
export interface RelayWire {
  tellRoutes(message: RoutesForReader): Promise<void>;
  read(worker: WorkerId): Promise<RelayStatus | null>;
}

/** The parts of a bot. */
export type Parts = ReturnType<typeof assemble>;

type Problem = { readonly kind: PollProblem; readonly since: number } | null;

/** Every table of control.db. */
function stores(db: Database, config: Config) {
  const alerts = new AlertStore(db, config.alertHoldMs);
  return {
    alerts,
    cards: new CardStore(db, alerts),
    workers: new WorkerStore(db),
    commandLog: new CommandStore(db),
    admins: new AdminStore(db),
    places: new PlaceStore(db),
    silences: new SilenceStore(db),
    settings: new SettingStore(db),
    audit: new AuditStore(db),
    bulks: new BulkStore(db),
    sent: new SentLog(db),
    inbox: new Inbox(db),
    routes: new RouteStore(db),
    rollups: new RollupStore(db),
    rolls: new RollStore(db),
    moves: new MoveStore(db),
    drains: new DrainStore(db),
    schedules: new ScheduleStore(db),
  };
}

/**
 * The bot's own parts, put together. Opens nothing.
 */
export function assemble(outside: Outside) {
  const { db, bot, commandSender, config, log, clock = systemClock } = outside;
  const host = config.hostId;
  const own = stores(db, config);
  const refused = outside.refused ?? new RefusedJobs();
  const { admins, places, workers, commandLog, alerts, cards, silences } = own;
  const languages = loadLanguages();
  const wordsOf = (chat: string): Words =>
    isGroup(chat)
      ? languages[places.language(chat) ?? "en"]
      : languages[admins.language(chat)].in(admins.zone(chat));
  const commands = new Commands({
    sender: commandSender,
    store: commandLog,
    workers,
    clock,
    newId: randomUUID,
    isMoving: (worker) => own.moves.isBetween(worker),
  });
  const wizard = new Wizard({ store: new WizardStore(db), commands, clock, newId: randomUUID });
  const base = {
    ...own,
    db,
    clock,
    host,
    languages,
    wordsOf,
    commands,
    wizard,
    sender: new SureSender(bot.api, db),
    knownHosts: new KnownHosts(),
  };
  const routing = routeParts(outside, base);
  const signs = signsOf(outside, base);
  let whole: RenderDeps | null = null;
  const render = (chat: string, screen: Screen): Promise<Card> => {
    if (!whole) throw new Error("The bot is not put together yet.");
    return renderScreen(whole, chat, screen);
  };
  const live = chats(outside, base, render);
  const views = viewsOf(outside, base, signs);
  const night = scheduleParts(outside, base, views);
  const moving = new Moving({ ...base, commandLog });
  const parts = {
    ...night,
    refused,
    ...base,
    ...signs,
    ...live,
    ...routing,
    ...pictures(outside, base),
    qrPhoto: new QrPhoto({ api: bot.api, log, wordsOf }),
    ...rollParts(outside, base, night.bulk),
    alertActions: new AlertActions({
      alerts,
      cards,
      silences,
      outbox: live.outbox,
      host,
      now: () => clock.now(),
    }),
    absence: new Absence({ ...own, host }),
    gate: new Gate({ ...own, clock, host, log }),
    addWorker: (id: WorkerId, by: Asker, at: HostId = host): boolean =>
      workers.add(id, at, by.id, clock.now()),
    forgetWorker: (id: WorkerId, by: Asker): void => forgetWorker(base, id, by.name),
    hostBoard: outside.hostBoard,
    standbyBoard: outside.standbyBoard,
    hostChoices: hostChoices(base),
    moving,
    draining: new Draining({ ...base, commandLog, moving, bulk: night.bulk }),
    floating: new FloatingWatch({ ...base, board: outside.standbyBoard, system: SYSTEM }),
    deepLink: (parameter: string): string =>
      `https://t.me/${bot.botInfo.username}?start=${parameter}`,
    sendFile: async (chat: string, name: string, text: string): Promise<void> => {
      await bot.api.sendDocument(
        chatId(chat),
        new InputFile(Buffer.from(text), name),
        topicOf(chat),
      );
    },
    files: fileSource(bot, wayOf(config, bot.api.options?.apiRoot)),
    onChatError: (error: unknown): void => log.warn({ err: error }, "card not shown"),
    views,
    limits: {
      sendsPerMinute: config.sendsPerMinute,
      alertHoldMs: config.alertHoldMs,
      ...config.supervision,
    },
    commandsFor,
  };
  whole = parts;
  return parts;
}

/** What is known of the fleet, for its screens. */
function viewsOf({ statuses }: Outside, base: Base, { signs }: ReturnType<typeof signsOf>): Views {
  return new Views({
    ...base,
    statuses,
    commands: base.commandLog,
    may: (role, verb) => REGISTRY.may(role, verb),
    redisTrouble: () => signs().redisTrouble ?? null,
  });
}

/** Routes: who checks and keeps them, shows them, and makes them step by step. */
function routeParts({ relayWire, bot }: Outside, base: Base) {
  const { db, routes, workers, clock, commands } = base;
  const finder = new ChatFinder({ commands, newId: randomUUID });
  const relayFigures = new RelayFigures(routes, relayWire);
  const relay = new RouteDesk({
    store: routes,
    isWorker: (id) => workers.find(id) !== null,
    tell: (message) => relayWire.tellRoutes(message),
    readers: () => relayFigures.known(),
    unknownChats: (reader, chats) => finder.unknown(reader, chats, SYSTEM),
    now: () => clock.now(),
    apart: (route) => hostsApart(route, base),
  });
  const { lists } = relayFigures;
  const drafts = new DraftStore(db);
  const routeWizard = new RouteWizard({
    ...base,
    relay,
    lists,
    finder,
    drafts,
    botChat: botChats(bot.api),
  });
  return { relay, relayFigures, routeWizard, finder, relayNotes: new RelayNotes(db, base.audit) };
}

/** Rolling restarts; `ended` resolves when one ends this bot for another start. */
function rollParts({ commandSender: sender }: Outside, base: Base, bulk: Bulk) {
  const own = ownBot(randomUUID());
  const { promise: ended, resolve } = Promise.withResolvers<{ why: string; exitCode: number }>();
  const endBot = (): void => resolve({ why: "rolling restart", exitCode: START_AGAIN_EXIT_CODE });
  return { own, ended, rolling: new Rolling({ ...base, bulk, sender, own, endBot }) };
}

/** What the fleet does on schedule, and what that works with. */
function scheduleParts({ commandSender, config, ownBackups }: Outside, base: Base, views: Views) {
  const { bulks, clock } = base;
  const answers = new Answers();
  const bulk = new Bulk({
    sender: commandSender,
    store: bulks,
    clock,
    isMoving: (worker) => base.moves.isBetween(worker),
  });
  const defaults = { archiveEveryMs: config.backup.everyMs, zone: machineZone() };
  const own = ownBackups ?? ((): null => null);
  const scheduleDesk = new ScheduleDesk({
    ...base,
    commandLog: base.commandLog,
    views,
    answers,
    bulk,
    defaults,
    ownBackups: own,
  });
  return { answers, bulk, defaults, scheduleDesk, ownBackups: own };
}

/** Charts, and what collects their numbers. */
function pictures({ bot, relayWire, log }: Outside, base: Base) {
  const { rollups, clock, workers, routes } = base;
  return {
    charts: new ChartDesk({ ...base, log, api: bot.api, drawer: new Drawer() }),
    recorder: new Recorder({
      store: rollups,
      clock,
      workers: () => workers.all(),
      readers: () => new Set(routes.all().map((route) => route.from.worker)),
      relay: (worker) => relayWire.read(worker),
    }),
  };
}

type Base = ReturnType<typeof stores> & {
  readonly db: Database;
  readonly clock: Clock;
  readonly host: HostId;
  readonly languages: Languages;
  readonly wordsOf: (chat: string) => Words;
  readonly commands: Commands;
  readonly wizard: Wizard;
  readonly sender: SureSender;
  readonly knownHosts: KnownHosts;
};

/** What only the running process knows: how polling and Redis are, and the way around the chat. */
function signsOf(
  { commandSender, statuses, config, log, bot }: Outside,
  { cards, languages, clock }: Base,
) {
  let problem = (): Problem => null;
  const redis = new RedisWatch(() => commandSender.trouble ?? statuses.trouble, clock);
  const chatAwaySince = (): number | null =>
    problem()?.kind === "away" ? (problem()?.since ?? null) : null;
  const tokenDead = (): boolean => problem()?.kind === "unauthorized";
  const places = placesOf(config.secondPath);
  const secondPath = new SecondPath({
    places,
    cards,
    words: languages.en,
    proxy: wayOf(config, bot.api.options?.apiRoot).proxyShown,
    clock,
    log,
    chatAwaySince,
    tokenDead,
  });
  return {
    redis,
    secondPath,
    pollProblem: (): PollProblem | null => problem()?.kind ?? null,
    /** The poll loop starts after the parts; they learn from it how it goes. */
    watchPolling: (of: () => Problem): void => {
      problem = of;
    },
    signs: () => ({
      ...redis.signs(),
      pollProblemSince: problem()?.since ?? null,
      pingedAt: places.deadManUrl === null ? null : (secondPath.pingedAt ?? 0),
      secondPath: secondPath.configured,
    }),
  };
}

/** Everything that writes into chats. */
function chats({ bot, log }: Outside, base: Base, render: PanelDeps["render"]) {
  const { db, admins, places, settings, sender, clock, wordsOf } = base;
  const { api } = bot;
  const store = new PanelStore(db, (kept) => REGISTRY.screenFrom(kept));
  const old = new OldCards({ api, db, log, wordsOf });
  const pace = new EditPace(clock);
  const panels = new Panels({
    api,
    db,
    calmGapMs,
    store,
    old,
    sender,
    clock,
    pace,
    log,
    wordsOf,
    render,
  });
  const desk = new AlertDesk(base);
  const outbox = new AlertOutbox({
    ...base,
    api,
    old,
    pace,
    log,
    fleetSize: () => base.workers.all().length,
    chats: (): readonly AlertChat[] => [...admins.chats(), ...places.chats()],
    together: () => settings.all().together,
    unreachable: (chat) => (isGroup(chat) ? places.unreachable(chat) : admins.unreachable(chat)),
    look: () => desk.look(),
  });
  return { panels, outbox, pace };
}
