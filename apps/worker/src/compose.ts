import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { type Config, loadFleetKey } from "@flotilla/config";
import { DEFAULT_PREFIX } from "@flotilla/contracts";
import { AppError, systemClock, type WorkerId } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import { consumeWorkerCommands, EventPublisher } from "@flotilla/queue";
import { openSession, type SessionStore, Vault } from "@flotilla/session-store";
import { findHolders, lockedBy } from "@flotilla/sqlite";
import { type AccountOptions, workerIdentity } from "@flotilla/telegram";
import { Account } from "./account.ts";
import { carryOut } from "./commands.ts";
import { type Say, startHeartbeat } from "./heartbeat.ts";
import { LoginDesk } from "./login-desk.ts";

/** Promise S2-36: a health check every 300 s. */
const CHECK_EVERY_MS = 300_000;

/** A running worker. `close` leaves Telegram, then gives the session back. */
export interface RunningWorker {
  close(): Promise<void>;
}

/** Takes the session, connects, and takes commands. Throws AppError `sqlite-locked` when somebody else has the session. */
export async function startWorker(worker: WorkerId, config: Config, log: Logger, say: Say): Promise<RunningWorker> {
  await using stack = new AsyncDisposableStack();
  const place = { url: config.redisUrl?.reveal() ?? "", prefix: DEFAULT_PREFIX };
  const onRedisError = (error: unknown): void => log.debug({ err: error }, "redis");
  const fleetKey = loadFleetKey(config.fleetKey, config.dataDir);
  const store = stack.adopt(await ownSession(join(config.dataDir, "sessions"), worker, fleetKey), (it) => it.close());
  stack.adopt(startHeartbeat(say), (it) => it.stop());
  const events = stack.adopt(new EventPublisher(place, onRedisError), (it) => it.close());
  const vault = new Vault({ dataDir: config.dataDir, fleetKey });
  const options = accountOptions(worker, config, log);
  const account = stack.adopt(new Account(store, options, (report) => say({ kind: "status", ...report })), (it) => it.stop());
  const desk = stack.adopt(new LoginDesk({ store, vault, account, options, clock: systemClock }), (it) => it.close());
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
  account.start();
  stack.adopt(startChecks(account), (it) => it.stop());
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

/** A real call now and then: a session that was ended elsewhere shows only in an answer. Failures show in the account's state. */
function startChecks(account: Account): { stop(): void } {
  const timer = setInterval(() => void account.check().catch(() => {}), CHECK_EVERY_MS);
  return { stop: () => clearInterval(timer) };
}

function accountOptions(worker: WorkerId, config: Config, log: Logger): AccountOptions {
  return {
    server: config.mtproto,
    api: { id: config.apiId, hash: config.apiHash.reveal() },
    identity: workerIdentity(worker),
    log: (level, message, fields) => log[level](fields ?? {}, message),
  };
}
