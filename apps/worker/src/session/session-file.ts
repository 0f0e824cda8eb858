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

/** Longest wait for a locked session. Short without a supervisor: no card shows the wait then. */
const START_BUDGET_MS = { supervised: 60_000, alone: 1000 } as const;

export interface SessionFileDeps {
  readonly config: Config;
  readonly log: Logger;
  readonly say: Say;
  readonly leave: (fault: Fault) => void;
}

/**
 * Takes the session. Throws AppError `sqlite-locked` when another process holds it,
 * `sqlite-missing` when its file is lost.
 */
export async function takeSession(
  worker: WorkerId,
  deps: Pick<SessionFileDeps, "config" | "log" | "say">,
  fleetKey: Buffer,
  isSupervised: boolean,
): Promise<SessionStore> {
  const { config, log, say } = deps;
  assertNotLost(config.dataDir, worker);
  return await ownSession({
    dir: join(config.dataDir, "sessions"),
    worker,
    fleetKey,
    owner: { configured: config.ownerDir, host: config.hostId, dataDir: config.dataDir },
    log,
    budgetMs: isSupervised ? START_BUDGET_MS.supervised : START_BUDGET_MS.alone,
    onLocked: (fault) => say({ kind: "status", state: "LOCKED", fault, link: NO_LINK }),
  });
}

/** The open session and the parts that hear of its problems. */
export interface WatchedSession {
  readonly store: SessionStore;
  readonly account: Account;
  readonly publish: Publish;
  /** Leaves Telegram and releases the lease. */
  readonly release: () => Promise<void>;
}

/** Longest time for leaving Telegram and releasing the lease after the file is gone. */
const GOODBYE_MS = 2000;

/**
 * Watches the session file. When it is gone, leaves Telegram and ends, so that the next owner can
 * start.
 */
export function watchSession(
  worker: WorkerId,
  deps: SessionFileDeps,
  session: WatchedSession,
): SessionWatch {
  const { log, say, leave } = deps;
  const { store, account, publish, release } = session;
  const late = (): Error => new AppError("goodbye-late", "It took too long.");
  return new SessionWatch({
    file: store.file,
    stillOwn: () => store.stillOwn(),
    clock: systemClock,
    log,
    onGone: (fault) => {
      withTimeout(release(), GOODBYE_MS, late).then(
        () => leave(fault),
        () => leave(fault),
      );
    },
    onTrouble: (fault) => account.setTrouble(fault),
    onProblem: (problem) => publish({ kind: "worker.storage", worker, problem }),
    onStatus: (storage) => say({ kind: "storage", storage }),
  });
}

/**
 * Makes a verified copy over the session's own connection; returns the text for the card. Throws
 * AppError of the vault.
 */
export function backUp(vault: Vault, store: SessionStore): string {
  const { id, bytes } = vault.backup(store, "manual");
  return `Backed up: ${id} (${Math.ceil(bytes / 1024)} KiB, checked).`;
}

/**
 * The same, when the session changed since its newest copy; the text says whether it did. Throws
 * AppError of the vault.
 */
export function copyChanged(vault: Vault, store: SessionStore): string {
  const made = vault.backupChanged(store);
  return made === null ? "unchanged" : `copied: ${made.id}`;
}

/** Age up to which a confirmation of an imported session counts as new. */
const JUST_MS = 60_000;

/**
 * Makes the golden copy of an imported session that Telegram has just confirmed, as after a login.
 * Never throws: the session works without a copy.
 */
export function keepConfirmed(vault: Vault, store: SessionStore, log: Logger): void {
  const verifiedAt = store.origin()?.verifiedAt ?? null;
  if (verifiedAt === null || systemClock.now() - verifiedAt > JUST_MS) return;
  try {
    if (vault.canHelp(store.name) !== "same") vault.golden(store);
  } catch (error) {
    log.error({ err: error }, "no golden copy of the imported session");
  }
}
