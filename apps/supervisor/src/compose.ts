import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Backups, Copies, readBackupNote, runBackup } from "@flotilla/archive";
import {
  type Config,
  childEnv,
  type EnvValues,
  keptBy,
  loadFleetKey,
  NOT_FOR_WORKERS,
} from "@flotilla/config";
import {
  type CommandOutcome,
  DEFAULT_RESTART_RULES,
  STATUS_REFRESH_MS,
  type WorkerStatus,
} from "@flotilla/contracts";
import { startFileServer } from "@flotilla/files";
import { systemClock, type WorkerId, withTimeout } from "@flotilla/kernel";
import {
  createRegistry,
  DiskWatch,
  diskDetail,
  type Logger,
  quietly,
  startHealth,
} from "@flotilla/observability";
import {
  aheadOfRedis,
  BotBoard,
  botPlace,
  consumeHostCommands,
  type Fleet as FleetOfRedis,
  guarded,
  HostBoard,
  type QueuePlace,
  RelayBoard,
  redisAway,
  StandbyBoard,
} from "@flotilla/queue";
import { startOrder } from "@flotilla/relay";
import { Fleet, type FleetSettings } from "./fleet/fleet.ts";
import { SessionService } from "./fleet/session-service.ts";
import { BotWatch } from "./host/bot-watch.ts";
import { ClockWatch } from "./host/clock-watch.ts";
import { askDoctor } from "./host/doctor.ts";
import { HostCommands } from "./host/host-commands.ts";
import { HostFiles } from "./host/host-files.ts";
import { exitCounter, showFleet } from "./host/metrics.ts";
import { Mover } from "./host/mover.ts";
import { OwnProgram } from "./host/own-program.ts";
import { RecordRescue } from "./host/record-rescue.ts";
import { openRedisParts, type RedisPartsDeps } from "./host/redis-parts.ts";
import { Takeover } from "./host/takeover.ts";
import { readArchivedRecord } from "./record/archived-record.ts";
import { HostDb } from "./record/host-db.ts";
import { IdleSessions } from "./record/idle-sessions.ts";
import { takeKnownWorkers } from "./record/known-here.ts";
import { assertSameHost } from "./record/own-name.ts";
import { DEFAULT_WORKER_LIMITS } from "./worker/managed-worker-deps.ts";

/** A running supervisor. `close` ends every worker, then releases the rest. */
export interface Supervisor {
  readonly healthPort: number;
  /** Resolves when it was told to end for another start. */
  readonly ended: OwnProgram["ended"];
  close(): Promise<void>;
  /** SIGKILL to every worker process that is ending. */
  hurry(): void;
}

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const CLI = fileURLToPath(new URL("../../cli/src/main.ts", import.meta.url));
/** Longest wait for the relay board in Redis; without it the workers start in creation order. */
const BOARD_MS = 3000;

/**
 * Builds the supervisor in start order: database, health, events, workers, commands. Resources are
 * released in reverse.
 */
export async function startSupervisor(
  config: Config,
  env: EnvValues,
  log: Logger,
): Promise<Supervisor> {
  await using stack = new AsyncDisposableStack();
  const db = stack.adopt(new HostDb(join(config.dataDir, "host.db")), (it) => it.close());
  assertSameHost(db, config.hostId);
  const fleetKey = loadFleetKey(config.fleetKey, config.dataDir);
  const backups = stack.use(watchBackups(config, env, log));
  const program = new OwnProgram({ root: ROOT, keptBy: keptBy(), run: randomUUID() });
  let workers = (): readonly WorkerStatus[] => [];
  const redis = await openRedisParts(stack, {
    config,
    fleetKey,
    db,
    backups,
    program,
    workers: () => workers(),
    log,
  });
  const { place, events, onError: onRedisError } = redis;
  const registry = createRegistry();
  const exits = exitCounter(registry);
  const sessions = new SessionService({
    dataDir: config.dataDir,
    fleetKey,
    db,
    graceMs: DEFAULT_WORKER_LIMITS.graceMs,
  });
  const fleet = new Fleet({
    ...fleetSettings(config, { ...env, FLEET_KEY: fleetKey.toString("hex") }, redis.fleet),
    db,
    sessions,
    clock: systemClock,
    log,
    publish: (event) => {
      if (event.kind === "worker.exited")
        exits.inc({ class: event.exit.fault.class, decision: event.exit.decision.kind });
      events.publish(event);
    },
    writeStatus: (status) => void redis.statuses.write(status),
    removeStatus: (worker) => void redis.statuses.remove({ worker, host: config.hostId }),
    newId: randomUUID,
    order: (workers) => sendersFirst(workers, place),
  });
  const idle = new IdleSessions(db, config.dataDir);
  const record = recordRescue(config, { db, fleet, fleetKey, log, idle });
  workers = () => fleet.statuses();
  const floating = floatingWorkers(stack, config, { place, db, fleet, sessions, fleetKey, log });
  const { dropStandby } = floating;
  const commands = new HostCommands({
    fleet,
    db,
    clock: systemClock,
    log,
    sessions,
    doctor: doctorOf(env),
    mover: new Mover({
      ...config,
      db,
      fleet,
      sessions,
      place,
      dropStandby,
      fleetKey,
      clock: systemClock,
    }),
    dropStandby,
    program,
    beginArchive: () => backups.begin(),
    record,
  });
  showFleet(registry, () => fleet.statuses());
  const bot = botBoard(config, { fleetKey, log, stack });
  stack.use(watchBot(config, bot, log));
  const watches = [
    redis,
    backups,
    stack.use(watchDisks(config.dataDir, fleet)),
    stack.use(watchClock(place, fleet)),
  ];
  const problems = (): string[] => watches.flatMap((each) => each.problems());
  const health = stack.adopt(
    await startHealth({ port: config.httpPort, registry, problems }),
    (it) => it.close(),
  );
  await serveFiles(stack, { config, fleetKey, log });
  stack.adopt(refreshing(fleet), (it) => it.stop());
  stack.use(await cleanUp(config, { db, fleet, fleetKey, log, idle, record }));
  // After a lost host.db the chat would take them for workers that are out of reach.
  void redis.statuses.removeOthers(config.hostId, (id) =>
    db.workers().some((row) => row.id === id),
  );
  stack.defer(() => fleet.stopAll());
  startWorkers(fleet, db, log);
  stack.adopt(
    await consumeHostCommands(config.hostId, {
      place: guarded(place, (refusal) => fleet.tell({ kind: "jobs.refused", ...refusal }), log),
      handle: (command) => commands.carryOut(command),
      onError: onRedisError,
      onFailed: (command, error) => command && commands.giveUp(command, error),
    }),
    (it) => it.close(),
  );
  void tellFleet(config, { bot, fleet: redis.fleet, log });
  const owned = stack.move();
  return {
    healthPort: health.port,
    ended: program.ended,
    close: () => owned.disposeAsync(),
    hurry: () => fleet.hurry(),
  };
}

interface FloatingParts {
  readonly place: QueuePlace;
  readonly db: HostDb;
  readonly fleet: Fleet;
  readonly sessions: SessionService;
  readonly fleetKey: Buffer;
  readonly log: Logger;
}

/** Floating workers need a lease, so there are none with HOSTS=one. */
function floatingWorkers(
  stack: AsyncDisposableStack,
  { hostId: host, dataDir, supervision }: Config,
  parts: FloatingParts,
): { dropStandby(worker: WorkerId): Promise<void> } {
  if (supervision.hosts === "one") return { dropStandby: async () => {} };
  const onError = quietly(parts.log, "redis");
  const board = stack.adopt(new StandbyBoard(parts.place, onError), (it) => it.close());
  const hosts = stack.adopt(new HostBoard(parts.place, onError), (it) => it.close());
  const takeover = new Takeover({ ...parts, host, dataDir, board, hosts, clock: systemClock });
  stack.adopt(takeover, (it) => it.close());
  return { dropStandby: (worker) => board.drop(worker, host) };
}

/** With HOST_URL: senders of other hosts get the files that readers of this one downloaded. */
async function serveFiles(
  stack: AsyncDisposableStack,
  { config, fleetKey, log }: Pick<RedisPartsDeps, "config" | "fleetKey" | "log">,
): Promise<void> {
  const { dataDir, hostListen: listen } = config;
  if (listen === null) return;
  const onError = quietly(log, "files for other hosts");
  const server = await startFileServer({ dataDir, fleetKey, listen, clock: systemClock, onError });
  stack.adopt(server, (it) => it.close());
  log.info({ port: server.port, url: config.hostUrl }, "files for other hosts are served");
}

/** Starts the desired workers, and again when an unreadable host.db becomes readable. */
function startWorkers(fleet: Fleet, db: HostDb, log: Logger): void {
  const start = (): void => {
    fleet
      .startDesired()
      .catch((error: unknown) => log.error({ err: error }, "start of the workers failed"));
  };
  start();
  db.whenFound(start);
}

interface FileParts {
  readonly db: HostDb;
  readonly fleet: Fleet;
  readonly fleetKey: Buffer;
  readonly log: Logger;
  readonly idle: IdleSessions;
}

function recordRescue(
  { dataDir, backup, hostId }: Config,
  { db, fleet, fleetKey, log, idle }: FileParts,
): RecordRescue {
  const copies = new Copies({
    folder: backup.dir,
    host: hostId,
    fleetKey: () => fleetKey,
    name: "host.db",
    scratch: join(dataDir, "looking-into-host.db"),
    read: readArchivedRecord,
  });
  const idleSessions = (): string[] => idle.names();
  return new RecordRescue({ db, fleet, copies, idleSessions, clock: systemClock, log });
}

/**
 * Ends processes of an earlier supervisor, adopts workers of a lost host.db, then watches the data
 * folder, the key and host.db.
 */
async function cleanUp(
  { dataDir, fleetKey: configured }: Config,
  { db, fleet, fleetKey, log, idle, record }: FileParts & { readonly record: RecordRescue },
): Promise<HostFiles> {
  await fleet.cleanUp();
  const isMissed = (): boolean => record.hasArchives() && idle.names().length > 0;
  const known = takeKnownWorkers(db, dataDir, systemClock.now(), isMissed);
  if (known.length > 0)
    log.warn(
      { workers: known },
      "⚠️ host.db was empty; workers that ran here before are added back",
    );
  const files = new HostFiles({
    dataDir,
    key: configured ? null : fleetKey,
    db,
    idleSessions: () => idle.names(),
    loss: () => record.told(),
    tell: (trouble, over, detail, backupAt) => {
      const backup = backupAt === null ? {} : { backupAt };
      fleet.tell({ kind: "host.trouble", trouble, over, detail, ...backup });
    },
    clock: systemClock,
    log,
  });
  files.look();
  const search = record.search().then(() => files.look());
  search.catch((error: unknown) => log.error({ err: error }, "the archives cannot be looked at"));
  return files;
}

/** Reports a full disk at once, and once more when it has space again. */
function watchDisks(dataDir: string, fleet: Fleet): DiskWatch {
  const folders = [
    dataDir,
    ...["sessions", "logs", "vault", "media"].map((name) => join(dataDir, name)),
  ];
  let told: string | null = null;
  return new DiskWatch(folders, (full) => {
    const detail = full.map(diskDetail).join("; ");
    if (told !== null && full.length === 0)
      fleet.tell({ kind: "host.trouble", trouble: "disk-full", over: true, detail: told });
    told = full.length === 0 ? null : detail.slice(0, 600);
    if (told !== null)
      fleet.tell({ kind: "host.trouble", trouble: "disk-full", over: false, detail: told });
  });
}

/** @NOTE folders of the settings may be relative to where this process started. */
function watchBackups({ dataDir, backup, hostId }: Config, env: EnvValues, log: Logger): Backups {
  const same = { DATA_DIR: dataDir, BACKUP_DIR: backup.dir, HOST_ID: hostId };
  return new Backups({
    everyMs: backup.everyMs,
    readNote: () => readBackupNote(dataDir),
    run: (signal) => runBackup(CLI, childEnv({ ...env, ...same }), signal),
    clock: systemClock,
    log,
  });
}

function watchClock(place: QueuePlace, fleet: Fleet): ClockWatch {
  return new ClockWatch({
    ahead: () => aheadOfRedis(place),
    tell: (over, detail) =>
      fleet.tell({ kind: "host.trouble", trouble: "clock-apart", over, detail }),
  });
}

interface BotBoardParts {
  readonly fleetKey: Buffer;
  readonly log: Logger;
  /** Gets the connection to Redis. */
  readonly stack: AsyncDisposableStack;
}

function botBoard(config: Config, { fleetKey, log, stack }: BotBoardParts): BotBoard {
  const place = botPlace({ redis: config.redis?.reveal() ?? "", fleetKey });
  const onError = (error: unknown): void => log.debug({ err: error }, "redis");
  return stack.adopt(new BotBoard(place, null, onError), (it) => it.close());
}

interface FleetParts {
  readonly bot: Pick<BotBoard, "last">;
  readonly fleet: FleetOfRedis;
  readonly log: Logger;
}

/** Says in one line of the log whose fleet this host is in. */
async function tellFleet({ hostId: host }: Config, { bot, fleet, log }: FleetParts): Promise<void> {
  const last = await bot.last().catch(() => null);
  const whose = last ? `the bot on ${last.host}` : "a bot that was not heard yet";
  log.info({ host, fleet: fleet.id }, `🖥 ${host} joined the fleet of ${whose}`);
}

/** The second path of a host, for the time in which the fleet has no bot. */
function watchBot(config: Config, board: BotBoard, log: Logger): BotWatch {
  const { webhookUrl, smtpUrl, mailTo } = config.secondPath;
  const places = {
    webhookUrl: webhookUrl?.reveal() ?? null,
    smtpUrl: smtpUrl?.reveal() ?? null,
    mailTo,
  };
  return new BotWatch({ board, places, host: config.hostId, clock: systemClock, log });
}

function doctorOf(env: EnvValues): () => Promise<CommandOutcome> {
  return () => askDoctor(CLI, childEnv(env));
}

/** The start order from the relay board in Redis; the given order when Redis is away. */
async function sendersFirst(
  workers: readonly WorkerId[],
  place: QueuePlace,
): Promise<readonly WorkerId[]> {
  if (workers.length < 2) return workers;
  const relays = new RelayBoard(place, () => {});
  try {
    await withTimeout(relays.ready(), BOARD_MS, () => redisAway("hangs"));
    return startOrder(workers, await relays.all());
  } catch {
    return workers;
  } finally {
    relays.close();
  }
}

/**
 * @NOTE workers get the key itself: a missing key file must not stop one that is about to start.
 */
function fleetSettings(config: Config, env: EnvValues, mine: FleetOfRedis): FleetSettings {
  const { supervision, dataDir } = config;
  return {
    host: config.hostId,
    program: {
      file: fileURLToPath(new URL("../../worker/src/main.ts", import.meta.url)),
      args: ["--fleet", JSON.stringify(mine)],
      env: workerEnv(env),
      nodeFlags: ["--max-semi-space-size=1"],
    },
    rules: { ...DEFAULT_RESTART_RULES, ...supervision, stableMs: supervision.windowMs },
    limits: { ...DEFAULT_WORKER_LIMITS, memoryBytes: supervision.memoryBytes },
    spacingMs: supervision.spacingMs,
    dataDir,
    logDir: join(dataDir, "logs"),
  };
}

function workerEnv(env: EnvValues): Record<string, string> {
  return childEnv(
    Object.fromEntries(
      Object.entries(env).filter(([name]) => !NOT_FOR_WORKERS.some((hidden) => hidden === name)),
    ),
  );
}

/** Refreshes every status, so that readers can tell a status of a dead supervisor by its age. */
function refreshing(fleet: Fleet): { stop(): void } {
  const timer = setInterval(() => fleet.refreshStatuses(), STATUS_REFRESH_MS);
  return { stop: () => clearInterval(timer) };
}
