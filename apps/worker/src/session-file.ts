import { join } from "node:path";
import type { Config } from "@flotilla/config";
import type { Fault } from "@flotilla/contracts";
import { systemClock, type WorkerId } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import { assertNotLost, type SessionStore, type Vault } from "@flotilla/session-store";
import { type Account, NO_LINK } from "./account.ts";
import type { Say } from "./heartbeat.ts";
import { ownSession } from "./own-session.ts";
import type { Publish } from "./publish.ts";
import { SessionWatch } from "./session-watch.ts";

/** A wait for the session that nobody can see ends soon: without a supervisor there is no card that tells of it. */
const START_BUDGET_MS = { supervised: 60_000, alone: 1000 } as const;

/** What taking and watching a session needs of the process. */
export interface SessionFileDeps {
  readonly config: Config;
  readonly log: Logger;
  readonly say: Say;
  readonly leave: (fault: Fault) => void;
}

/** Takes the session. Throws AppError `sqlite-locked` when somebody else keeps it, `sqlite-missing` when its file was lost. */
export async function takeSession(worker: WorkerId, deps: SessionFileDeps, fleetKey: Buffer): Promise<SessionStore> {
  const { config, log, say } = deps;
  assertNotLost(config.dataDir, worker);
  return await ownSession({
    dir: join(config.dataDir, "sessions"),
    worker,
    fleetKey,
    log,
    budgetMs: process.connected ? START_BUDGET_MS.supervised : START_BUDGET_MS.alone,
    onLocked: (fault) => say({ kind: "status", state: "LOCKED", fault, link: NO_LINK }),
  });
}

/** Who hears of the session file while it is open. */
export interface WatchedSession {
  readonly store: SessionStore;
  readonly account: Account;
  readonly publish: Publish;
}

/** Watches the session file; a process whose file is gone leaves at once. */
export function watchSession(
  worker: WorkerId,
  deps: SessionFileDeps,
  { store, account, publish }: WatchedSession,
): SessionWatch {
  const { log, say, leave } = deps;
  return new SessionWatch({
    file: store.file,
    clock: systemClock,
    log,
    // What is written now is lost, and the new file has a right to an owner of its own: nothing is tidied up.
    onGone: leave,
    onTrouble: (fault) => account.setTrouble(fault),
    onProblem: (problem) => publish({ kind: "worker.storage", worker, problem }),
    onStatus: (storage) => say({ kind: "storage", storage }),
  });
}

/** Makes a verified copy over the session's own connection; the sentence for the card. Throws AppError of the vault. */
export function backUp(vault: Vault, store: SessionStore): string {
  const { id, bytes } = vault.backup(store, "manual");
  return `Backed up: ${id} (${Math.ceil(bytes / 1024)} KiB, checked).`;
}
