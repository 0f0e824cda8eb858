import { join } from "node:path";
import type { Config } from "@flotilla/config";
import { type Fault, NO_LINK } from "@flotilla/contracts";
import { AppError, systemClock, type WorkerId, withTimeout } from "@flotilla/kernel";
import type { Logger } from "@flotilla/observability";
import { assertNotLost, type SessionStore, type Vault } from "@flotilla/session-store";
import type { Account } from "../account/account.ts";
import type { Say } from "../process/heartbeat.ts";
import type { Publish } from "../process/publish.ts";
import { ownSession } from "./own-session.ts";
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
    owner: { configured: config.ownerDir, host: config.hostId, dataDir: config.dataDir },
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
  /** Leaves Telegram and gives up the lease. */
  readonly giveBack: () => Promise<void>;
}

/** A process whose file is gone has so long to say goodbye. */
const GOODBYE_MS = 2000;

/** Watches the session file; a process whose file is gone leaves Telegram and ends, so that whoever has the next file may start at once. */
export function watchSession(worker: WorkerId, deps: SessionFileDeps, session: WatchedSession): SessionWatch {
  const { log, say, leave } = deps;
  const { store, account, publish, giveBack } = session;
  const late = (): Error => new AppError("goodbye-late", "It took too long.");
  return new SessionWatch({
    file: store.file,
    stillOwn: () => store.stillOwn(),
    clock: systemClock,
    log,
    onGone: (fault) => {
      withTimeout(giveBack(), GOODBYE_MS, late).then(
        () => leave(fault),
        () => leave(fault),
      );
    },
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

/** A connection confirms an imported session within so long of becoming ready. */
const JUST_MS = 60_000;

/** An imported session that Telegram has just confirmed gets the golden copy that a login gets. Never throws: it is good either way. */
export function keepConfirmed(vault: Vault, store: SessionStore, log: Logger): void {
  const verifiedAt = store.origin()?.verifiedAt ?? null;
  if (verifiedAt === null || systemClock.now() - verifiedAt > JUST_MS) return;
  try {
    if (vault.canHelp(store.name) !== "same") vault.golden(store);
  } catch (error) {
    log.error({ err: error }, "no golden copy of the imported session");
  }
}
