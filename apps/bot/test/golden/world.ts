import { type BackupCopy, type Device, Route, WorkerState } from "@flotilla/contracts";
import { parseHostId, parseWorkerId } from "@flotilla/kernel";
import { nextRun } from "@flotilla/queue";
import type { Database } from "@flotilla/sqlite";
import { AdminStore } from "../../src/admins/admin-store.ts";
import { AuditStore } from "../../src/admins/audit-store.ts";
import { PlaceStore } from "../../src/admins/place-store.ts";
import { SettingStore } from "../../src/admins/setting-store.ts";
import { AlertStore } from "../../src/alerts/alert-store.ts";
import { CardStore } from "../../src/alerts/card-store.ts";
import { openWorkers } from "../../src/alerts/group-card.ts";
import { SentLog } from "../../src/alerts/sent-log.ts";
import { SilenceStore } from "../../src/alerts/silence-store.ts";
import { REGISTRY } from "../../src/app/features.ts";
import { type RenderDeps, renderScreen } from "../../src/app/screens.ts";
import { RollupStore } from "../../src/charts/rollup-store.ts";
import { KnownHosts } from "../../src/health/known-hosts.ts";
import { hostChoices } from "../../src/hosts/choices.ts";
import { DrainStore } from "../../src/hosts/drain-store.ts";
import type { Card, Screen } from "../../src/kit/chat/screen.ts";
import { say } from "../../src/kit/words/said.ts";
import type { Words } from "../../src/kit/words/words.ts";
import { Wizard } from "../../src/login/wizard.ts";
import { WizardStore } from "../../src/login/wizard-store.ts";
import { MoveStore } from "../../src/moves/move-store.ts";
import { RouteStore } from "../../src/relay/route-store.ts";
import { timingOf } from "../../src/schedules/kinds.ts";
import { ScheduleStore } from "../../src/schedules/schedule-store.ts";
import { RollStore } from "../../src/upkeep/roll-store.ts";
import { Answers } from "../../src/workers/answers.ts";
import { BulkStore } from "../../src/workers/bulk-store.ts";
import { CommandStore } from "../../src/workers/command-store.ts";
import { Views } from "../../src/workers/views.ts";
import { WorkerStore } from "../../src/workers/worker-store.ts";
import { ANN, ASKER, BEN, crashBody, HOST, NOW, statusOf, TestClock } from "../support.ts";
import { BACKUP_ROWS, RECORDS } from "./backups.ts";
import { DRAINS } from "./drains.ts";
import { MOVES } from "./moves.ts";
import { aNight, DEFAULTS } from "./night.ts";
import { ROLL_BOT, ROLL_ROWS, ROLLS } from "./rolls.ts";
import { goldenRouting } from "./routing.ts";
import { aDay, FINDINGS, IN_STATE, whoHolds } from "./states.ts";

const MIN = 60_000;
const FAR = parseHostId("host-b");
export const NEWS = parseWorkerId("news_1");
const relayRoute = Route.parse({
  id: "signals",
  from: { worker: NEWS, chats: ["@signals_1", "@signals_2"] },
  to: { kind: "worker", worker: "relay_3", chat: "@digest_1" },
  filter: "btc or eth",
});
const quietRoute = Route.parse({
  id: "archive",
  on: false,
  from: { worker: NEWS, chats: ["@quiet_1"] },
  to: { kind: "webhook", url: "https://hooks.example/in" },
});

const copies: BackupCopy[] = (
  [
    ["golden", "golden"],
    ["scheduled", "backup"],
    ["before-login", "backup"],
    ["damaged", "trash"],
  ] as const
).map(([reason, kind], index) => ({
  id: `${index}`,
  kind,
  reason,
  at: NOW - (index + 1) * 3_600_000,
  bytes: 45_000,
  verified: reason !== "damaged",
  problem: reason === "damaged" ? "damaged" : null,
  sameKey: kind === "trash" ? null : reason === "scheduled",
}));
const devices: Device[] = [
  {
    current: true,
    device: "Flotilla news_1",
    app: "Flotilla 1.0",
    country: "Germany",
    activeAt: NOW,
  },
  {
    current: false,
    device: "Pixel 9",
    app: "Telegram Android 12.1",
    country: "Germany",
    activeAt: NOW - 3 * 3_600_000,
  },
];

/** No login moves while its screens are read. */
const NO_WORKER = {
  login: async () => ({ kind: "sent", id: "c" }) as const,
  leaveParcel: async () => {},
};

/**
 * The screens of a fleet in which there is one of everything, over real stores; its clock stands.
 */
export function goldenScreens(
  db: Database,
  words: Words,
): {
  readonly render: (chat: string, screen: Screen) => Promise<Card>;
  readonly db: Database;
} {
  const clock = new TestClock();
  const alerts = new AlertStore(db, 0);
  const wizards = new WizardStore(db);
  const stores = {
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
    routes: new RouteStore(db),
    rollups: new RollupStore(db),
    rolls: new RollStore(db),
    moves: new MoveStore(db),
    drains: new DrainStore(db),
    schedules: new ScheduleStore(db),
  };
  aNight(stores.schedules);
  fill({ ...stores, commands: stores.commandLog });
  aDay(stores.rollups, NEWS);
  for (const [id, roll] of Object.entries(ROLLS)) stores.rolls.save({ ...roll, id });
  for (const [id, move] of Object.entries(MOVES)) stores.moves.save({ ...move, id });
  for (const [id, drain] of Object.entries(DRAINS)) stores.drains.save({ ...drain, id });
  wizards.save({
    admin: ANN,
    worker: NEWS,
    login: "l",
    publicKey: null,
    step: { kind: "ask-phone", known: "+49 … 17", note: null },
    expiresAt: NOW + 10 * MIN,
  });
  const wizard = new Wizard({ store: wizards, commands: NO_WORKER, clock, newId: () => "id" });
  const limits = {
    sendsPerMinute: 20,
    spacingMs: 2000,
    crashDelayMs: 30_000,
    crashLimit: 5,
    windowMs: 600_000,
    memoryBytes: 512 * 1024 * 1024,
    alertHoldMs: 30_000,
  };
  const routing = goldenRouting(stores, db, clock);
  const answers = new Answers();
  const views = new Views({
    ...stores,
    commands: stores.commandLog,
    clock,
    statuses: { all: async () => statuses() },
    wordsOf: () => words,
    may: (role, verb) => REGISTRY.may(role, verb),
    redisTrouble: () => null,
  });
  const knownHosts = new KnownHosts();
  knownHosts.keep([...BACKUP_ROWS, ...ROLL_ROWS]);
  const deps: RenderDeps = {
    knownHosts,
    hostChoices: hostChoices({ ...stores, knownHosts, clock }),
    own: ROLL_BOT,
    floating: {
      ownerOf: (worker) =>
        worker === NEWS
          ? { worker, host: HOST, sha256: "0".repeat(64), at: NOW - 4000, desired: "running" }
          : null,
    },
    ownBackups: () => null,
    scheduleDesk: {
      timing: ({ id, time }) => timingOf(id, time, DEFAULTS),
      next: ({ isOn, id, time }) => {
        const timing = isOn ? timingOf(id, time, DEFAULTS) : null;
        return timing && nextRun(timing, NOW);
      },
    },
    ...stores,
    ...routing,
    wizard,
    limits,
    views,
    answers,
    alertActions: { crew: (card) => openWorkersOf(stores.cards, card) },
    signs: () => ({
      redisAwaySince: null,
      pollProblemSince: null,
      pingedAt: NOW - 31_000,
      secondPath: true,
    }),
  };
  const done = {
    v: 1,
    id: "e",
    at: NOW - MIN,
    host: HOST,
    worker: NEWS,
    kind: "command.done",
  } as const;
  answers.keep({ ...done, command: "backups", outcome: { kind: "backups", copies } });
  answers.keep({ ...done, command: "devices", outcome: { kind: "devices", devices } });
  const log = [
    "2027-01-15T07:59:01Z ℹ️ info connection catching-up → ready",
    "2027-01-14T22:10:02Z ⚠️ warn no answer to ping for 11 s",
  ];
  answers.keep({
    ...done,
    command: "doctor",
    outcome: { kind: "doctor", findings: FINDINGS },
  });
  answers.keep({
    ...done,
    command: "doctor-well",
    outcome: { kind: "doctor", findings: [] },
  });
  for (const [command, outcome] of Object.entries(RECORDS))
    answers.keep({ ...done, command, outcome });
  answers.keep({ ...done, command: "log", outcome: { kind: "log", lines: log } });
  return { render: (chat, screen) => renderScreen(deps, chat, screen), db };
}

function openWorkersOf(cards: CardStore, n: number) {
  const card = cards.find(n);
  return card && openWorkers(card);
}

function statuses() {
  const known = WorkerState.options.map((state) => {
    const [name, more] = IN_STATE[state];
    return [parseWorkerId(name), statusOf(name, { state, since: NOW - 3 * MIN, ...more })] as const;
  });
  const far = statusOf("far_1", { host: FAR, updatedAt: NOW - 4 * MIN });
  return new Map([...known, [far.worker, far] as const]);
}

/** Two of them are done, one failed, and the rest is still to come. */
const TWELVE = [NEWS, "sport_2", "news_2", ...Array.from({ length: 9 }, (_, n) => `more_${n + 1}`)];

type Stores = {
  workers: WorkerStore;
  commands: CommandStore;
  admins: AdminStore;
  places: PlaceStore;
  silences: SilenceStore;
} & {
  settings: SettingStore;
  audit: AuditStore;
  bulks: BulkStore;
  alerts: AlertStore;
  cards: CardStore;
  sent: SentLog;
  routes: RouteStore;
};

function fill({
  workers,
  commands,
  admins,
  places,
  silences,
  settings,
  audit,
  bulks,
  alerts,
  cards,
  sent,
  routes,
}: Stores): void {
  for (const [name] of Object.values(IN_STATE)) workers.add(parseWorkerId(name), HOST, "777", 1);
  workers.add(parseWorkerId("far_1"), FAR, "777", 2);
  workers.add(parseWorkerId("new_1"), HOST, "777", 3);
  workers.setLabel(NEWS, "News desk");
  workers.setTags(NEWS, ["news", "eu"]);
  workers.setNote(NEWS, "№ 3 <5>");
  workers.setTags(parseWorkerId("news_2"), ["news"]);
  admins.keepOnly([ANN, BEN]);
  admins.saw(ANN, "@ann", "en");
  admins.invite("token-12", "viewer", { id: ANN, name: "@ann" }, NOW);
  admins.accept("token-12", { id: "779", name: "@bob" }, NOW);
  places.add("-100123", "Night watch", "en");
  settings.setQuiet({ fromMin: 22 * 60, toMin: 7 * 60 });
  silences.set({ scope: "alpha_1", kind: "mute", since: NOW, until: NOW + 60 * MIN, by: "@ann" });
  commands.ask("c1", parseWorkerId("sport_2"), "restart", ASKER, NOW - 40_000);
  commands.ask("c2", parseWorkerId("city_4"), "stop", ASKER, NOW - 60_000);
  commands.end("c2", { kind: "done" }, NOW - 50_000);
  commands.ask("c3", parseWorkerId("city_3"), "check", ASKER, NOW - 60_000);
  commands.end(
    "c3",
    { kind: "failed", code: "not-connected", message: "not connected" },
    NOW - 50_000,
  );
  commands.ask("c4", parseWorkerId("far_1"), "restart", ASKER, NOW - 90_000);
  commands.giveUp(NOW - 60_000, NOW - 30_000);
  whoHolds(commands);
  audit.write(ASKER, say("audit-quiet", { hours: "22:00-07:00" }), null, NOW - 9 * MIN);
  audit.write(ASKER, say("audit-role", { name: "@bob", role: "viewer" }), null, NOW - 8 * MIN);
  bulks.begin(
    { id: "bulk-running", action: "restart", workers: TWELVE },
    ASKER,
    [HOST],
    NOW - 20_000,
  );
  const progress = {
    v: 1,
    id: "e",
    at: NOW,
    host: HOST,
    kind: "bulk.progress",
    action: "restart",
    total: 12,
  } as const;
  const failed = [{ worker: parseWorkerId("sport_2"), code: "gave-up", message: "It gave up." }];
  const current = parseWorkerId("news_2");
  bulks.report({
    ...progress,
    command: "bulk-running",
    phase: "rest",
    done: [NEWS],
    failed,
    current,
  });
  bulks.begin({ id: "bulk-done", action: "stop", workers: [NEWS] }, ASKER, [HOST], NOW - 20_000);
  bulks.report({
    ...progress,
    command: "bulk-done",
    action: "stop",
    phase: "done",
    done: [NEWS],
    failed: [],
    current: null,
  });
  const ended = [NEWS, "news_2", "store_1", "sport_2"].map((name) => parseWorkerId(name));
  bulks.begin(
    { id: "bulk-mixed", action: "restart", workers: [...ended, "last_1"] },
    ASKER,
    [HOST],
    NOW - 20_000,
  );
  bulks.report({
    ...progress,
    command: "bulk-mixed",
    phase: "stopped",
    done: ended.slice(0, 3),
    failed,
    current: null,
  });
  bulks.begin(
    { id: "bulk-canary", action: "start", workers: ["sport_2", "news_2", "alpha_1"] },
    ASKER,
    [HOST],
    NOW - 20_000,
  );
  bulks.report({
    ...progress,
    command: "bulk-canary",
    action: "start",
    phase: "canary-failed",
    done: [],
    failed,
    current: null,
  });
  for (const worker of ["sport_2", "news_2"]) {
    alerts.raise(`exit:${worker}`, crashBody({ worker: parseWorkerId(worker) }), NOW - 3 * MIN);
    const open = alerts.open(`exit:${worker}`);
    if (open) cards.create(worker, [open.n], { calm: false, over: false }, NOW - 3 * MIN);
  }
  cards.take(2, "@ann", NOW);
  alerts.raise("exit:alpha_1", crashBody({ worker: parseWorkerId("alpha_1") }), NOW - 30 * MIN);
  alerts.resolve(alerts.open("exit:alpha_1")?.n ?? 0, say("solved-itself"), NOW - 29 * MIN);
  for (let n = 0; n < 3; n++) sent.write("777", true, NOW - MIN);
  routes.replace([relayRoute, quietRoute], NOW);
}
