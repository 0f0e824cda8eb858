import { type Config, loadFleetKey } from "@flotilla/config";
import type { Fault, LoginStep, SupervisorToWorker, WorkerCommand } from "@flotilla/contracts";
import { SEND_RATE, type SendRate } from "@flotilla/contracts";
import { parseProxy, systemClock, type WorkerId } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import { consumeWorkerCommands, EventPublisher, findFleet, fleetPlace, parseFleet, type QueuePlace } from "@flotilla/queue";
import { type SelfUser, type SessionStore, Vault } from "@flotilla/session-store";
import { type AccountOptions, FloodGate, fatalDelays, workerIdentity } from "@flotilla/telegram";
import { Account } from "./account/account.ts";
import type { Feed } from "./account/feed.ts";
import { startChecks } from "./account/health-check.ts";
import { OwnWay } from "./account/own-way.ts";
import { type CommandDeps, carryOut } from "./commands.ts";
import { LoginDesk } from "./login/login-desk.ts";
import { type Say, startHeartbeat } from "./process/heartbeat.ts";
import { keptEvents } from "./process/kept-events.ts";
import { type Publish, publisher, watched } from "./process/publish.ts";
import { Relay } from "./relay/relay.ts";
import { relayTelegram } from "./relay/telegram.ts";
import { fleetLook, foreignSession } from "./session/fleet-look.ts";
import { Housekeeping } from "./session/housekeeping.ts";
import { Ownership } from "./session/ownership.ts";
import { backUp, keepConfirmed, takeSession, watchSession } from "./session/session-file.ts";

/** A running worker. `close` leaves Telegram, then gives the session back. */
export interface RunningWorker {
  /** What the supervisor says. */
  hear(message: SupervisorToWorker): void;
  close(): Promise<void>;
}

/** What a worker gets from its process. */
export interface WorkerDeps {
  readonly config: Config;
  readonly log: Logger;
  readonly say: Say;
  /** Ends the process at once, with its reason. */
  readonly leave: (fault: Fault) => void;
  /** Which fleet it is of, as JSON, when the supervisor has said so; else it is looked for in Redis. */
  readonly fleet?: string | null;
}

/**
 * Takes the session, connects, and takes commands. Throws AppError `sqlite-locked` when somebody else has the session, and
 * `lease-held` when another host has it.
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
  const store = stack.adopt(await takeSession(worker, deps, fleetKey), (it) => it.close());
  stack.use(events.keepIn(keptEvents(store)));
  const vault = new Vault({ dataDir: config.dataDir, fleetKey });
  const ownership = new Ownership({ config, place, worker, store, leave, onError: onRedisError, log });
  stack.adopt(ownership, (it) => it.close());
  const way = new OwnWay(worker, store, config.telegramProxy && parseProxy(config.telegramProxy.reveal()));
  const options = { ...accountOptions(worker, store, deps, () => account.tell()), ...shared(ownership, way) };
  const { account, relay } = relayingAccount({ worker, store, vault, fleetKey, place, options, publish, way, deps, worked });
  stack.adopt(account, (it) => it.stop());
  stack.adopt(relay, (it) => it.close());
  const progress = (login: string, step: LoginStep): void => publish({ kind: "login.progress", worker, login, step });
  const ownerElsewhere = fleetLook(worker, place, deps);
  const foreign = foreignSession({ store, fleetKey, place, config, ownerElsewhere });
  const login = { ...options, ownerElsewhere: (self: SelfUser) => ownerElsewhere({ fingerprint: null, userId: self.id }) };
  const keyChanged = (): void => ownership.keyChanged();
  const desk = stack.adopt(
    new LoginDesk({ store, vault, account, options: login, clock: systemClock, foreign, keyChanged, progress }),
    (it) => it.close(),
  );
  const giveBack = (): Promise<void> => account.stop().then(() => ownership.close());
  stack.use(watchSession(worker, deps, { store, account, publish, giveBack }));
  await ownership.take(account);
  stack.adopt(new Housekeeping(store, log), (it) => it.close());
  relay.start();
  account.start();
  stack.adopt(startChecks(account, leave), (it) => it.stop());
  const parts = { store, account, desk, relay, way, backup: () => backUp(vault, store), clock: systemClock, log };
  const answers = answering(parts, worker, events, publish);
  const consumer = await consumeWorkerCommands(worker, { place, onError: onRedisError, ...answers });
  stack.adopt(consumer, (it) => it.close());
  const owned = stack.move();
  return { hear: ({ order }) => account.network(order), close: () => owned.disposeAsync() };
}

function speaking(events: EventPublisher, found: QueuePlace, { config, log }: WorkerDeps) {
  const publish = publisher(events, config.hostId);
  return { publish, place: watched(found, publish, log) };
}

/** A supervisor has looked already, and Redis may be away now. */
async function placeOf({ config, fleet }: WorkerDeps, fleetKey: Buffer): Promise<QueuePlace> {
  const url = config.redisUrl?.reveal() ?? "";
  const told = parseFleet(fleet == null ? null : JSON.parse(fleet));
  const found = told ?? (await findFleet({ url, fleetKey, known: null, waitMs: 0 }));
  return fleetPlace({ url, fleet: found, fleetKey, dataDir: config.dataDir });
}

/** What a connection and a login ask each time. */
function shared(ownership: Ownership, way: OwnWay): Pick<AccountOptions, "mayAct" | "proxy"> {
  return { mayAct: ownership.mayAct, proxy: () => way.current() };
}

/** The answer to a command that took this process down with it each time. */
const GIVEN_UP = {
  kind: "command.done",
  outcome: { kind: "failed", code: "given-up", message: "The worker could not carry this out: it was tried three times." },
} as const;

/** Carries out a command and publishes how it ended, also when it took this process down with it each time. */
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
  readonly way: OwnWay;
  readonly deps: WorkerDeps;
  readonly worked: () => void;
}

/** The account, and what becomes of its messages: each needs the other, and neither does anything yet. */
function relayingAccount(parts: RelayingParts): { account: Account; relay: Relay } {
  const { worker, store, vault, fleetKey, place, options, publish, way, deps, worked } = parts;
  const feed: Feed = {
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
    way: () => way.status(),
    lost: (loss) => publish({ kind: "worker.lost", worker, ...loss }),
  };
  const timings = { fatalDelaysMs: fatalDelays(deps.config.supervision.confirmEndMs) };
  const account = new Account(store, { ...options, timings }, (report) => deps.say({ kind: "status", ...report }), feed);
  const telegram = relayTelegram(account.calls, store);
  const relay = new Relay({
    worker,
    store,
    fleetKey,
    place,
    telegram,
    dataDir: deps.config.dataDir,
    clock: systemClock,
    log: deps.log,
    worked,
  });
  return { account, relay };
}

/** As docs/safety.md has it; somebody with a server of their own may raise it, and everything with it. */
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
    gate: new FloodGate({ table: store.flood, clock: systemClock, rate: sendRate(config.sendsPerMinute), onChange }),
    ...(config.localAddress === null ? {} : { localAddress: config.localAddress }),
  };
}
