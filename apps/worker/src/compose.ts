import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { type Config, loadFleetKey } from "@flotilla/config";
import { DEFAULT_PREFIX, type Fault } from "@flotilla/contracts";
import { AppError, systemClock, type WorkerId } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import { consumeWorkerCommands, EventPublisher } from "@flotilla/queue";
import { openSession, type SessionStore, Vault } from "@flotilla/session-store";
import { findHolders, lockedBy } from "@flotilla/sqlite";
import { type AccountOptions, workerIdentity } from "@flotilla/telegram";
import { Account } from "./account.ts";
import { carryOut } from "./commands.ts";
import { startChecks } from "./health-check.ts";
import { type Say, startHeartbeat } from "./heartbeat.ts";
import { LoginDesk } from "./login-desk.ts";
import { Ownership } from "./ownership.ts";

/** A running worker. `close` leaves Telegram, then gives the session back. */
export interface RunningWorker {
  close(): Promise<void>;
}

/** What a worker gets from its process. */
export interface WorkerDeps {
  readonly config: Config;
  readonly log: Logger;
  readonly say: Say;
  /** Ends the process at once, with its reason. */
  readonly leave: (fault: Fault) => void;
}

/**
 * Takes the session, connects, and takes commands. Throws AppError `sqlite-locked` when somebody else has the session, and
 * `lease-held` when another host has it.
 */
export async function startWorker(worker: WorkerId, deps: WorkerDeps): Promise<RunningWorker> {
  const { config, log, say, leave } = deps;
  await using stack = new AsyncDisposableStack();
  const place = { url: config.redisUrl?.reveal() ?? "", prefix: DEFAULT_PREFIX };
  const onRedisError = (error: unknown): void => log.debug({ err: error }, "redis");
  const fleetKey = loadFleetKey(config.fleetKey, config.dataDir);
  const store = stack.adopt(await ownSession(join(config.dataDir, "sessions"), worker, fleetKey), (it) => it.close());
  stack.adopt(startHeartbeat(say), (it) => it.stop());
  const events = stack.adopt(new EventPublisher(place, onRedisError), (it) => it.close());
  const vault = new Vault({ dataDir: config.dataDir, fleetKey });
  const ownership = new Ownership({ config, worker, store, leave, onError: onRedisError });
  stack.adopt(ownership, (it) => it.close());
  const options = { ...accountOptions(worker, config, log), mayAct: ownership.mayAct };
  const account = stack.adopt(new Account(store, options, (report) => say({ kind: "status", ...report })), (it) => it.stop());
  const desk = stack.adopt(
    new LoginDesk({ store, vault, account, options, clock: systemClock, keyChanged: () => ownership.keyChanged() }),
    (it) => it.close(),
  );
  await ownership.take(account);
  account.start();
  stack.adopt(startChecks(account, leave), (it) => it.stop());
  const commands = { account, desk, clock: systemClock, log };
  const consumer = await consumeWorkerCommands(worker, {
    place,
    onError: onRedisError,
    handle: async (command) => {
      const outcome = await carryOut(commands, command);
      events.publish({
        v: 1,
        id: randomUUID(),
        at: systemClock.now(),
        host: config.hostId,
        kind: "command.done",
        worker,
        command: command.id,
        outcome,
      });
      await events.flush();
    },
  });
  stack.adopt(consumer, (it) => it.close());
  const owned = stack.move();
  return { close: () => owned.disposeAsync() };
}

/**
 * Takes the session for as long as this process lives. Nobody may have the file open before, not even idle: a program
 * that keeps no lock while it sleeps would wake up later. Throws AppError `sqlite-locked` that names who has it.
 */
async function ownSession(dir: string, worker: WorkerId, fleetKey: Buffer): Promise<SessionStore> {
  const path = join(dir, `${worker}.session`);
  const before = await findHolders(path);
  if (before.holders.length > 0) throw lockedBy(before, 0);
  try {
    return openSession({ dir, name: worker, fleetKey });
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "sqlite-locked") throw error;
    throw lockedBy(await findHolders(path, { refused: true }), 0, error);
  }
}

function accountOptions(worker: WorkerId, config: Config, log: Logger): AccountOptions {
  return {
    server: config.mtproto,
    api: { id: config.apiId, hash: config.apiHash.reveal() },
    identity: workerIdentity(worker),
    log: (level, message, fields) => log[level](fields ?? {}, message),
    ...(config.localAddress === null ? {} : { localAddress: config.localAddress }),
  };
}
