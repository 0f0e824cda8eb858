import { type Config, loadFleetKey } from "@flotilla/config";
import type { Fault, LoginStep, SupervisorToWorker, WorkerCommand } from "@flotilla/contracts";
import { SEND_RATE, type SendRate } from "@flotilla/contracts";
import { parseProxy, systemClock, type WorkerId, withoutNullish } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import {
  consumeWorkerCommands,
  EventPublisher,
  findFleet,
  fleetPlace,
  parseFleet,
  type QueuePlace,
  StandbyBoard,
} from "@flotilla/queue";
import { type SelfUser, type SessionStore, Vault } from "@flotilla/session-store";
import { type AccountOptions, FloodGate, fatalDelays, workerIdentity } from "@flotilla/telegram";
import { Account } from "./account/account.ts";
import type { AccountListener } from "./account/account-listener.ts";
import { startChecks } from "./account/health-check.ts";
import { ProxySetting } from "./account/proxy-setting.ts";
import { type CommandDeps, carryOut } from "./commands.ts";
import { LoginService } from "./login/login-service.ts";
import { type Say, startHeartbeat } from "./process/heartbeat.ts";
import { keptEvents } from "./process/kept-events.ts";
import { type Publish, publisher, watched } from "./process/publish.ts";
import { Relay } from "./relay/relay.ts";
import { relayTelegram } from "./relay/telegram.ts";
import { Housekeeping } from "./session/housekeeping.ts";
import { foreignSession, otherOwnerFinder } from "./session/other-owner.ts";
import { Ownership } from "./session/ownership.ts";
import {
  backUp,
  copyChanged,
  keepConfirmed,
  takeSession,
  watchSession,
} from "./session/session-file.ts";
import { Standby } from "./session/standby.ts";

/** A running worker. `close` leaves Telegram, then releases the session. */
export interface RunningWorker {
  /** Takes a message of the supervisor. */
  hear(message: SupervisorToWorker): void;
  close(): Promise<void>;
}

export interface WorkerDeps {
  readonly config: Config;
  readonly log: Logger;
  readonly say: Say;
  /** Announces the fault and ends the process at once. */
  readonly leave: (fault: Fault) => void;
  /** The fleet as JSON, from the supervisor; absent: the worker finds it in Redis. */
  readonly fleet?: string | null;
}

/**
 * Takes the session, connects and consumes commands. Throws AppError `sqlite-locked` when another
 * process holds the session file, `lease-held` when another host holds the lease.
 */
export async function startWorker(worker: WorkerId, deps: WorkerDeps): Promise<RunningWorker> {
  const { config, log, say, leave } = deps;
  await using stack = new AsyncDisposableStack();
  const onRedisError = (error: unknown): void => log.debug({ err: error }, "redis");
  const fleetKey = loadFleetKey(config.fleetKey, config.dataDir, { make: false });
  const { worked } = stack.adopt(startHeartbeat(say), (it) => it.stop());
  const found = await placeOf(deps, fleetKey);
  const events = stack.adopt(new EventPublisher(found, onRedisError), (it) => it.close());
  const { publish, place } = speaking(events, found, deps);
  const isSupervised = process.connected;
  const store = stack.adopt(await takeSession(worker, deps, fleetKey, isSupervised), (it) =>
    it.close(),
  );
  stack.use(events.keepIn(keptEvents(store)));
  const vault = new Vault({ dataDir: config.dataDir, fleetKey });
  const ownership = new Ownership({
    config,
    place,
    worker,
    store,
    leave,
    onError: onRedisError,
    log,
  });
  stack.adopt(ownership, (it) => it.close());
  const proxy = new ProxySetting(
    worker,
    store,
    config.telegramProxy && parseProxy(config.telegramProxy.reveal()),
  );
  const options = {
    ...accountOptions(worker, store, deps, () => account.tell()),
    ...shared(ownership, proxy),
  };
  const { account, relay } = relayingAccount({
    worker,
    store,
    vault,
    fleetKey,
    place,
    options,
    publish,
    proxy,
    deps,
    worked,
    // A host that takes it over from an older record would not know them.
    routesTaken: () => standby.soon(),
  });
  stack.adopt(account, (it) => it.stop());
  stack.adopt(relay, (it) => it.close());
  const progress = (login: string, step: LoginStep): void =>
    publish({ kind: "login.progress", worker, login, step });
  const ownerElsewhere = otherOwnerFinder(worker, place, deps);
  const foreign = foreignSession({ store, fleetKey, place, config, ownerElsewhere });
  const login = {
    ...options,
    ownerElsewhere: (self: SelfUser) => ownerElsewhere({ fingerprint: null, userId: self.id }),
  };
  const standby = stack.adopt(standbyOf(worker, deps, { store, place, onRedisError }), (it) =>
    it.close(),
  );
  const keyChanged = (): void => {
    ownership.keyChanged();
    standby.soon();
  };
  const logins = stack.adopt(
    new LoginService({
      store,
      vault,
      account,
      options: login,
      clock: systemClock,
      foreign,
      keyChanged,
      progress,
    }),
    (it) => it.close(),
  );
  const release = (): Promise<void> => account.stop().then(() => ownership.close());
  stack.use(watchSession(worker, deps, { store, account, publish, release }));
  await ownership.take(account);
  await standby.assertHere();
  stack.adopt(new Housekeeping(store, log), (it) => it.close());
  relay.start();
  account.start();
  standby.start();
  stack.adopt(startChecks(account, leave), (it) => it.stop());
  const parts = {
    store,
    account,
    logins,
    relay,
    proxy,
    standby,
    backup: () => backUp(vault, store),
    copy: () => copyChanged(vault, store),
    clock: systemClock,
    log,
  };
  const answers = answering(parts, worker, events, publish);
  const consumer = await consumeWorkerCommands(worker, {
    place,
    onError: onRedisError,
    ...answers,
  });
  stack.adopt(consumer, (it) => it.close());
  const owned = stack.move();
  return { hear: ({ order }) => account.network(order), close: () => owned.disposeAsync() };
}

interface StandbyParts {
  readonly store: SessionStore;
  readonly place: QueuePlace;
  readonly onRedisError: (error: unknown) => void;
}

function standbyOf(
  worker: WorkerId,
  { config, log, leave }: WorkerDeps,
  { store, place, onRedisError }: StandbyParts,
): Standby {
  const { hostId: host, supervision } = config;
  const openBoard = (): StandbyBoard => new StandbyBoard(place, onRedisError);
  const { hosts } = supervision;
  return new Standby({ worker, host, hosts, store, openBoard, leave, clock: systemClock, log });
}

function speaking(events: EventPublisher, found: QueuePlace, { config, log }: WorkerDeps) {
  const publish = publisher(events, config.hostId);
  return { publish, place: watched(found, publish, log) };
}

/** Prefers the supervisor's answer: Redis may be away now. */
async function placeOf({ config, fleet }: WorkerDeps, fleetKey: Buffer): Promise<QueuePlace> {
  const redis = config.redis?.reveal() ?? "";
  const told = parseFleet(fleet == null ? null : JSON.parse(fleet));
  const found = told ?? (await findFleet({ redis, fleetKey, known: null, waitMs: 0 }));
  return fleetPlace({ redis, fleet: found, fleetKey, dataDir: config.dataDir });
}

/** Options that a connection and a login share; both read them on each use. */
function shared(
  ownership: Ownership,
  proxy: ProxySetting,
): Pick<AccountOptions, "mayAct" | "proxy"> {
  return { mayAct: ownership.mayAct, proxy: () => proxy.current() };
}

/** The outcome of a command whose retries are used up, such as one that crashes this process. */
const GIVEN_UP = {
  kind: "command.done",
  outcome: {
    kind: "failed",
    code: "given-up",
    message: "The worker could not carry this out: it was tried three times.",
  },
} as const;

/** Carries out a command and publishes its outcome, also when its retries are used up. */
function answering(deps: CommandDeps, worker: WorkerId, events: EventPublisher, publish: Publish) {
  const handle = async (command: WorkerCommand): Promise<void> => {
    const outcome = await carryOut(deps, command);
    publish({ kind: "command.done", worker, command: command.id, outcome });
    await events.flush();
  };
  const onFailed = (command: WorkerCommand | null): void => {
    if (command) publish({ ...GIVEN_UP, worker, command: command.id });
  };
  return { handle, onFailed };
}

interface RelayingParts {
  readonly worker: WorkerId;
  readonly store: SessionStore;
  readonly vault: Vault;
  readonly fleetKey: Buffer;
  readonly place: QueuePlace;
  readonly options: AccountOptions;
  readonly publish: Publish;
  readonly proxy: ProxySetting;
  readonly deps: WorkerDeps;
  readonly worked: () => void;
  readonly routesTaken: () => void;
}

/** Builds the account and the relay, which refer to each other. Neither is started. */
function relayingAccount(parts: RelayingParts): { account: Account; relay: Relay } {
  const {
    worker,
    store,
    vault,
    fleetKey,
    place,
    options,
    publish,
    proxy,
    deps,
    worked,
    routesTaken,
  } = parts;
  const listener: AccountListener = {
    wants: (chat) => relay.wants(chat),
    sources: () => relay.sources(),
    arrived: () => {
      worked();
      relay.received();
    },
    ready: () => {
      keepConfirmed(vault, store, deps.log);
      void relay.resolveNames();
    },
    proxy: () => proxy.status(),
    lost: (loss) => publish({ kind: "worker.lost", worker, ...loss }),
  };
  const timings = { fatalDelaysMs: fatalDelays(deps.config.supervision.confirmEndMs) };
  const account = new Account(
    store,
    { ...options, timings },
    (report) => deps.say({ kind: "status", ...report }),
    listener,
  );
  const telegram = relayTelegram(account.calls, store);
  const relay = new Relay({
    worker,
    store,
    fleetKey,
    place,
    telegram,
    dataDir: deps.config.dataDir,
    filesAt: deps.config.hostUrl,
    clock: systemClock,
    log: deps.log,
    worked,
    routesTaken,
  });
  return { account, relay };
}

/** The send rate of docs/safety.md, scaled in all its parts to a configured rate per minute. */
function sendRate(perMinute: number): SendRate {
  const factor = perMinute / SEND_RATE.perMinute;
  return {
    perMinute,
    burst: Math.max(1, Math.round(SEND_RATE.burst * factor)),
    perChatMs: Math.round(SEND_RATE.perChatMs / Math.max(1, factor)),
    perChatMinute: Math.max(SEND_RATE.perChatMinute, perMinute),
  };
}

function accountOptions(
  worker: WorkerId,
  store: SessionStore,
  { config, log }: WorkerDeps,
  onChange: () => void,
): AccountOptions {
  return {
    server: config.mtproto,
    api: { id: config.apiId, hash: config.apiHash.reveal() },
    identity: workerIdentity(worker),
    contested: config.supervision.hosts === "several",
    log: (level, message, fields) => log[level](fields ?? {}, message),
    gate: new FloodGate({
      table: store.flood,
      clock: systemClock,
      rate: sendRate(config.sendsPerMinute),
      onChange,
    }),
    ...withoutNullish({ localAddress: config.localAddress }),
  };
}
