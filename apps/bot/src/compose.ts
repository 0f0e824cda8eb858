import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { archivesIn, Backups, finishPutBack, readBackupNote, runBackup } from "@flotilla/archive";
import { type Config, childEnv, type EnvValues, loadFleetKey } from "@flotilla/config";
import { START_AGAIN_EXIT_CODE, type WorkerStatus } from "@flotilla/contracts";
import { FileReader } from "@flotilla/files";
import { sleep, systemClock, withoutUndefined } from "@flotilla/kernel";
import {
  Counter,
  createRegistry,
  DiskWatch,
  type Logger,
  quietly,
  type Registry,
  startHealth,
} from "@flotilla/observability";
import {
  botPlace,
  CommandSender,
  type Consumer,
  consumeEvents,
  consumeTicks,
  guarded,
  HostBoard,
  type LeaseTimings,
  type QueuePlace,
  redisAway,
  Schedules,
  StandbyBoard,
  StatusReader,
} from "@flotilla/queue";
import type { RouteProblem } from "@flotilla/relay";
import type { Database } from "@flotilla/sqlite";
import type { Bot, Transformer } from "grammy";
import { SYSTEM } from "./admins/audit-store.ts";
import { SettingStore } from "./admins/setting-store.ts";
import { alertBody } from "./alerts/alert-body.ts";
import { OwnTrouble } from "./alerts/own-trouble.ts";
import { RefusedJobs } from "./alerts/refused-jobs.ts";
import { watch } from "./alerts/watch.ts";
import { whoStopped } from "./alerts/who-stopped.ts";
import { apologyOf, tellDirectly } from "./app/apology.ts";
import { assemble, type Parts } from "./app/assemble.ts";
import { createBot, registerRoutes } from "./app/bot.ts";
import { handleEvent } from "./app/events.ts";
import { type ClaimedFleet, claim } from "./app/fleet.ts";
import { firstIntroduction, introduce } from "./app/introduction.ts";
import { type Poller, startPolling } from "./app/poller.ts";
import { Supervisors } from "./app/supervisors.ts";
import { type BotWay, wayOf } from "./app/way.ts";
import { ControlCopy } from "./duty/control-copy.ts";
import { Duty, standbyText } from "./duty/duty.ts";
import { onlyActive } from "./duty/gate.ts";
import { StandbyNews, tellSuspended } from "./duty/standby-news.ts";
import { say } from "./kit/words/said.ts";
import { BotRelay } from "./relay/bot-relay.ts";
import { isLoss, isSupervised, openOrLoss, ownFolder } from "./rescue/loss.ts";
import { endRescue } from "./rescue/over.ts";
import { type RescueBase, startRescue } from "./start-rescue.ts";
import { startStandby } from "./start-standby.ts";
import { DEADLINE_MS } from "./workers/commands.ts";

/** A running bot. */
export interface RunningBot {
  readonly healthPort: number;
  /** Null: the Bot API cannot be reached yet; `introduced` tells when it could. */
  readonly username: string | null;
  readonly introduced: Promise<string>;
  /** What it waits for when it is not the active bot; null = it is. */
  readonly standby: string | null;
  /** Where the Bot API is and how it is reached, for people. */
  readonly way: string;
  /**
   * Resolves when it wants to end for another start; rejects when it could not start after an owner
   * had decided about a lost `control.db`.
   */
  readonly ended: Promise<{
    readonly why: string;
    readonly exitCode: number;
    /** True = another bot took over: this process must end at once, without another effect. */
    readonly isLost?: boolean;
  }>;
  /** What the launcher says. */
  hear(message: unknown): void;
  close(): Promise<void>;
}

/** Live cards look at the fleet this often; presses and events refresh them at once. */
const TICK_MS = 2000;

/** How a bot is started otherwise than by its configuration. */
export interface StartOptions {
  /** Makes the client of the Bot API. */
  readonly newBot?: () => Bot;
  /** Times of the bot's lease. */
  readonly timings?: LeaseTimings;
}

/**
 * Milliseconds for which a start waits for the lease: a Redis that no fleet used before grants none
 * for a moment.
 */
const LEASE_MS = 4000;

/**
 * Starts the bot; or a standby, while another bot of the fleet is active, which becomes the bot
 * when that one is gone (ADR 16).
 */
export async function startBot(
  config: Config,
  env: EnvValues,
  log: Logger,
  { newBot, timings }: StartOptions = {},
): Promise<RunningBot> {
  await using stack = new AsyncDisposableStack();
  const way = wayOf(config, config.botApiRoot);
  const fleetKey = keyOf(config);
  const place = botPlace({ redis: config.redis?.reveal() ?? "", fleetKey });
  const deps = { config, place, log, clock: systemClock, ...withoutUndefined({ timings }) };
  const duty = stack.adopt(new Duty(deps), (it) => it.close());
  const create = (gate?: Transformer): Bot =>
    createBot(config.botToken.reveal(), config.botApiRoot, way, gate);
  const base: RescueBase = {
    ...{ config, env, log, way, duty, botPlace: place, fleetKey },
    newBot: newBot ?? (() => create(onlyActive(duty))),
    ungated: newBot ?? (() => create()),
  };
  await Promise.race([duty.known, sleep(LEASE_MS)]);
  if (duty.state.kind === "active") await duty.granted;
  const bot =
    duty.state.kind === "active" ? await startActive(base) : await startStandby(base, startActive);
  stack.adopt(bot, (it) => it.close());
  const owned = stack.move();
  const lost = duty.lost.then((why) => ({ why, exitCode: START_AGAIN_EXIT_CODE, isLost: true }));
  // What is in hand while the lease is not renewed never ends; it is kept, as after a kill.
  const close = (): Promise<void> =>
    duty.state.kind === "suspended" ? duty.close() : owned.disposeAsync();
  return { ...bot, ended: Promise.race([bot.ended, lost]), close };
}

/**
 * The key of the fleet. A folder that lost its key beside its `control.db` gets none made: owners
 * decide first, and it shares its fleet with no other bot.
 */
function keyOf({ fleetKey, dataDir, backup, hostId }: Config): Buffer {
  const isNew = archivesIn(backup.dir, hostId).length === 0;
  const isLost = !isNew && !existsSync(join(dataDir, "control.db"));
  if (isLost && fleetKey === null && !existsSync(join(dataDir, "fleet.key")))
    return randomBytes(32);
  return loadFleetKey(fleetKey, dataDir);
}

/** Starts the bot, or the rescue of a lost `control.db`, which becomes the bot when an owner has decided. */
async function startActive(base: RescueBase): Promise<RunningBot> {
  const { config } = base;
  await finishPutBack({ dataDir: config.dataDir, name: "control.db" });
  const found = openOrLoss(config);
  return isLoss(found) ? await startRescue(base, found, startWith) : await startWith(base, found);
}

/**
 * Builds the bot in start order: database, Redis, Telegram, health, events, polling. Released in
 * reverse.
 */
async function startWith(base: RescueBase, opened: Database): Promise<RunningBot> {
  const { config, env, log, way, newBot, ungated, duty } = base;
  await using stack = new AsyncDisposableStack();
  const bot = newBot();
  const onRedisError = (error: unknown): void => log.debug({ err: error }, "redis");
  const db = stack.adopt(opened, (it) => it.close());
  const fleet = await claim(config, new SettingStore(db));
  const copy = new ControlCopy({
    ...{ db, duty, log, place: base.botPlace, fleetKey: base.fleetKey },
    ...{ dataDir: config.dataDir, host: config.hostId, clock: systemClock },
  });
  stack.adopt(copy, (it) => it.close());
  const refused = new RefusedJobs();
  const place = guarded(fleet.place, (refusal) => refused.add(refusal, systemClock.now()), log);
  const sender = stack.adopt(new CommandSender(place, onRedisError), (it) => it.close());
  const statuses = stack.adopt(new StatusReader(place, onRedisError), (it) => it.close());
  const hosts = stack.adopt(new HostBoard(place, onRedisError), (it) => it.close());
  const standbyBoard = stack.adopt(new StandbyBoard(place, onRedisError), (it) => it.close());
  await Promise.all([sender.ready(), statuses.ready()]);
  const relay = stack.adopt(new BotRelay(place, log), (it) => it.close());
  const backups = stack.use(ownBackups(config, env, log));
  const schedules = stack.adopt(new Schedules(place, onRedisError), (it) => it.close());
  const parts = assemble({
    ownBackups: () => (isSupervised(config) ? null : backups),
    db,
    bot,
    commandSender: sender,
    statuses,
    hostBoard: hosts,
    standbyBoard,
    config,
    log,
    relayWire: relay,
    refused,
  });
  const known = await firstIntroduction({ bot, languages: parts.languages, log }, way.shown);
  parts.admins.keepOnly(config.adminIds);
  parts.wizard.recover((worker) => parts.commandLog.openLogin(worker));
  stack.defer(() => parts.panels.close());
  stack.defer(() => parts.outbox.close());
  stack.defer(noteStop(parts));
  registerRoutes(bot, { ...parts, log });
  const { promise: introduced, resolve } = Promise.withResolvers<string>();
  const poller = stack.adopt(poll(bot, parts, { log, known, introduced: resolve }), (it) =>
    it.stop(),
  );
  parts.watchPolling(() => poller.problem());
  const standbys = new StandbyNews({ ...parts, settings: new SettingStore(db), duty });
  duty.onSuspended = (isHeld) => isHeld && tellSuspended(ungated(), parts);
  const disk = stack.use(new DiskWatch([config.dataDir]));
  const supervisors = new Supervisors({
    workers: parts.workers,
    host: config.hostId,
    clock: parts.clock,
  });
  const trouble = ownTrouble(bot, parts, disk);
  const signs = [disk, trouble, { problems: () => problemsOf(poller, sender, way) }];
  const problems = (): string[] =>
    (sender.trouble === null ? [...signs, supervisors, copy] : signs).flatMap((it) =>
      it.problems(),
    );
  const health = await startHealth({
    port: config.httpPort,
    registry: registryOf(refused),
    problems,
    state: () => standbyText(duty.state),
  });
  stack.adopt(health, (it) => it.close());
  const { fleetKey } = base;
  const fileReader = new FileReader({ dataDir: config.dataDir, fleetKey, clock: parts.clock });
  relay.start({ ...parts, api: bot.api, desk: parts.relay, fileReader });
  stack.adopt(await hearEvents(place, parts, { duty, log }), (it) => it.close());
  stack.adopt(await hearTicks(place, parts, { duty, log }), (it) => it.close());
  stack.adopt(
    startTicks(log, async (signal) => {
      await duty.untilActing(signal);
      lookAt(trouble, log);
      copy.look();
      await tick(parts, {
        sender,
        hosts,
        supervisors,
        schedules,
        fleet,
        standbys,
        log,
        severalHosts: config.supervision.hosts === "several",
      });
    }),
    (it) => it.stop(),
  );
  await endRescue({ ...parts, bot, dataDir: config.dataDir });
  const owned = stack.move();
  const who = {
    standby: null,
    username: known ? bot.botInfo.username : null,
    introduced,
    way: way.shown,
  };
  return {
    healthPort: health.port,
    ...who,
    ended: parts.ended,
    hear: (message) => trouble.hear(message),
    close: () => owned.disposeAsync(),
  };
}

/** A bot that ends because its launcher was killed was not stopped by anybody. */
function noteStop({ absence, clock }: Parts): () => void {
  const launcher = process.ppid;
  return () => {
    if (process.ppid === launcher) absence.stopped(clock.now());
  };
}

function ownTrouble(bot: Bot, parts: Parts, disk: DiskWatch): OwnTrouble {
  const statuses = (): readonly WorkerStatus[] => parts.views.known();
  return new OwnTrouble({
    ...parts,
    disk,
    statuses,
    tellDirectly: (detail) => tellDirectly(bot.api, parts, detail),
  });
}

interface Introduction {
  readonly log: Logger;
  /** Who the bot is. */
  readonly known: boolean;
  readonly introduced: (username: string) => void;
}

function poll(bot: Bot, parts: Parts, { log, known, introduced }: Introduction): Poller {
  return startPolling({
    bot,
    inbox: parts.inbox,
    log,
    now: () => parts.clock.now(),
    apology: apologyOf(parts),
    ...(known ? {} : { introduce: () => introduce({ bot, languages: parts.languages, log }) }),
    onIntroduced: () => introduced(bot.botInfo.username),
  });
}

function problemsOf(poller: Poller, sender: CommandSender, way: BotWay): string[] {
  const problem = poller.problem();
  const where = problem?.kind === "away" ? ` (${way.shown})` : "";
  return [
    problem && `polling: ${problem.kind}${where}`,
    sender.trouble && redisAway(sender.trouble).message,
  ].filter((it) => it !== null);
}

interface Heard {
  readonly duty: Duty;
  readonly log: Logger;
}

async function hearEvents(
  place: QueuePlace,
  parts: Parts,
  { duty, log }: Heard,
): Promise<Consumer> {
  // The process before this one may have edited a moment ago.
  for (const { chat } of [...parts.admins.chats(), ...parts.places.chats()])
    parts.pace.edited(chat, "screen");
  return await consumeEvents({
    place,
    handle: async (event) => {
      await duty.untilActing();
      return await handleEvent(parts, event);
    },
    onError: quietly(log, "event"),
  });
}

/** What it cannot write down must not hold up the rest. */
function lookAt(trouble: OwnTrouble, log: Logger): void {
  try {
    trouble.look();
  } catch (error) {
    log.warn({ err: error }, "own trouble not written down");
  }
}

/** Node's own numbers, and how often jobs were refused anywhere in the fleet. */
function registryOf(refused: RefusedJobs): Registry {
  const registry = createRegistry();
  const help =
    "Jobs that were not taken because this fleet did not write them, or not lately; by queue and reason";
  const name = "flotilla_jobs_refused_total";
  const counter = new Counter({ name, help, labelNames: ["queue", "why"], registers: [registry] });
  refused.onAdd = ({ queue, why, times }) => counter.inc({ queue, why }, times);
  return registry;
}

interface Outside {
  readonly sender: CommandSender;
  readonly hosts: HostBoard;
  readonly supervisors: Supervisors;
  readonly schedules: Schedules;
  readonly fleet: ClaimedFleet;
  readonly standbys: StandbyNews;
  readonly log: Logger;
  readonly severalHosts: boolean;
}

/**
 * What time alone brings about: commands without an answer, logins that took too long, alerts and
 * cards that are due.
 */
async function tick(
  parts: Parts,
  { sender, hosts, supervisors, schedules, fleet, standbys, log, severalHosts }: Outside,
): Promise<void> {
  const {
    commandLog,
    wizard,
    outbox,
    panels,
    clock,
    bulks,
    secondPath,
    views,
    alerts,
    host,
    recorder,
  } = parts;
  const now = clock.now();
  wizard.unanswered(commandLog.giveUp(now - DEADLINE_MS, now));
  bulks.giveUp(now);
  await wizard.expire(SYSTEM);
  const [{ statuses, fresh }] = await Promise.all([views.look(), sender.probe().catch(() => {})]);
  await recorder.look(statuses, fresh);
  const redisAwaySince = parts.redis.awaySince();
  const watchingSince = parts.absence.look(now, fresh && redisAwaySince === null, statuses);
  parts.absence.tell(now, statuses);
  const there = redisAwaySince === null ? await hosts.all().catch(() => []) : [];
  supervisors.heard(there);
  parts.knownHosts.keep(there);
  // An old status would say that a worker is back, or is not.
  if (fresh && redisAwaySince === null)
    await parts.rolling
      .look(there, statuses)
      .catch((error: unknown) => log.debug({ err: error }, "rolling restart waits"));
  if (fresh && redisAwaySince === null)
    await parts.draining
      .look(there, statuses)
      .catch((error: unknown) => log.warn({ err: error }, "drains wait"));
  if (fresh && redisAwaySince === null)
    await parts.moving
      .look(there, statuses)
      .catch((error: unknown) => log.warn({ err: error }, "moves wait"));
  if (redisAwaySince === null)
    await parts.floating
      .look()
      .catch((error: unknown) => log.debug({ err: error }, "floating workers not looked at"));
  if (redisAwaySince === null)
    await Promise.all([fleet.keepThere(now), standbys.look(now)]).catch((error: unknown) =>
      log.debug({ err: error }, "redis"),
    );
  const readers = await parts.relayFigures.readers();
  parts.relay.tellAstray();
  parts.relayNotes.look(readers, now);
  for (const problem of parts.relay.stopHarmful()) tellOfStop(parts, problem);
  const relay = { routes: parts.routes.all(), readers };
  watch(alerts, {
    now,
    statuses,
    redisAwaySince,
    watchingSince,
    redisTrouble: parts.redis.trouble(),
    severalHosts,
    refused: parts.refused.all(now),
    hosts: there,
    ownBackup: parts.ownBackups()?.status() ?? null,
    tokenConflict: parts.pollProblem() === "conflict",
    host,
    relay,
    stoppedBy: (worker) => whoStopped(parts, worker),
  });
  void carryOnSchedules(parts, schedules, redisAwaySince === null).catch((error: unknown) =>
    log.warn({ err: error }, "schedules"),
  );
  // The second path must not wait for a chat that does not answer.
  void secondPath.tell();
  if (parts.pollProblem() === null) void secondPath.ping();
  if (parts.pollProblem() === "unauthorized") return;
  // A chat that Telegram makes wait must not keep the bot from looking at the fleet.
  void outbox.flush();
  void panels.refreshAll();
}

/** Puts back what Redis forgot of the schedules, and carries on what runs. */
async function carryOnSchedules(
  { scheduleDesk }: Parts,
  schedules: Schedules,
  isRedisThere: boolean,
): Promise<void> {
  if (isRedisThere) await schedules.keep(scheduleDesk.wanted());
  await scheduleDesk.look(isRedisThere);
}

async function hearTicks(place: QueuePlace, { scheduleDesk }: Parts, { duty, log }: Heard) {
  return await consumeTicks({
    place,
    handle: async ({ schedule, slot }) => {
      await duty.untilActing();
      return scheduleDesk.tick(schedule, slot);
    },
    onError: quietly(log, "schedule"),
  });
}

const CLI = fileURLToPath(new URL("../../cli/src/main.ts", import.meta.url));

/**
 * Archives of a bot's folder that has no supervisor, as in containers. They have a folder of their
 * own, also where BACKUP_DIR is that of a host: each keeps BACKUP_KEEP.
 */
function ownBackups(config: Config, env: EnvValues, log: Logger): Backups {
  const { dataDir, backup, hostId } = config;
  const same = { DATA_DIR: dataDir, BACKUP_DIR: ownFolder(config), HOST_ID: hostId };
  return new Backups({
    everyMs: backup.everyMs,
    readNote: () => readBackupNote(dataDir),
    run: (signal) => runBackup(CLI, childEnv({ ...env, ...same }), signal),
    clock: systemClock,
    log,
    isOurs: () => !isSupervised(config),
  });
}

/** A route was switched off because it does harm: its owner hears of it, once. */
function tellOfStop(
  { alerts, host, clock, relay }: Parts,
  { route, code, about }: RouteProblem,
): void {
  const now = clock.now();
  const title = say(code === "loop" ? "alert-loop" : "alert-service-chat", { ...about, route });
  const body = alertBody({
    kind: "notice",
    host,
    title,
  });
  alerts.raise(`loop:${route}:${now}`, body, now);
  void relay.flush();
}

function startTicks(
  log: Logger,
  work: (signal: AbortSignal) => Promise<void>,
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const loop = (async () => {
    while (!stopping.signal.aborted) {
      await work(stopping.signal).catch((error: unknown) => {
        if (!stopping.signal.aborted) log.warn({ err: error }, "tick failed");
      });
      await sleep(TICK_MS, stopping.signal).catch(() => {});
    }
  })();
  return {
    stop: async () => {
      stopping.abort();
      await loop;
    },
  };
}
