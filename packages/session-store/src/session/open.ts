import { existsSync } from "node:fs";
import { AppError, Deadline, sleep } from "@flotilla/kernel";
import {
  assertSound,
  type Database,
  type OpenOptions,
  openDatabase,
  openWhenFree,
  type WaitForLock,
} from "@flotilla/sqlite";
import { announce, announceEmpty, sessionPath } from "../file/identity.ts";
import { MIGRATIONS } from "../file/schema.ts";
import { named } from "../keys/owner/key-owner.ts";
import { assertFleetKey } from "../keys/seal.ts";
import type { SessionOptions } from "../tables/types.ts";
import { SessionStore } from "./store.ts";
import { asInUse, noSession } from "./vault-errors.ts";

/**
 * A session of 50,000 entities takes some 5 ms; a broken disk must not keep the event loop for
 * longer than a heartbeat allows.
 */
const CHECK_BUDGET_MS = 1000;
/**
 * The kernel frees the files of a dead process one after the other: its session may be free an
 * instant before its key is.
 */
const OWNER_BUDGET_MS = 1000;
const OWNER_LOOK_MS = 20;

/**
 * Opens (or creates) the file of one account and takes its exclusive lock for as long as it is
 * open. Throws AppError: `sqlite-*` (`sqlite-locked` = another process has it), `bad-fleet-key`,
 * `wrong-fleet-key`, `key-unreadable`, `session-duplicate` (another session of the folder has the
 * same key or account).
 */
export function openSession(options: SessionOptions): SessionStore {
  return storeOf(openDatabase(fileOf(options)), options);
}

/**
 * Like {@link openSession}, for a worker: waits for the process that has the file, without blocking
 * the event loop, up to `budgetMs` (60 s unless given), looks through the whole file once (AppError
 * `sqlite-corrupt`), and takes the machine's lock on its key (AppError `session-owned`, which names
 * the other owner). No program may have it open, not even idle: a program that keeps no lock while
 * it sleeps would wake up later.
 */
export async function openSessionWhenFree(
  options: SessionOptions & WaitForLock,
): Promise<SessionStore> {
  const db = await openWhenFree({ ...options, ...fileOf(options) });
  try {
    assertSound(db, { budgetMs: CHECK_BUDGET_MS });
  } catch (error) {
    db.close();
    throw error;
  }
  const store = storeOf(db, options);
  try {
    await ownWhenFree(store, options.signal);
    return store;
  } catch (error) {
    store.close();
    throw error;
  }
}

async function ownWhenFree(store: SessionStore, signal?: AbortSignal): Promise<void> {
  for (const end = new Deadline(OWNER_BUDGET_MS); ; await sleep(OWNER_LOOK_MS, signal)) {
    try {
      return store.own();
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "session-owned") throw error;
      if (end.isOver) throw await named(error);
    }
  }
}

function fileOf({ dir, name, fleetKey }: SessionOptions): OpenOptions {
  assertFleetKey(fleetKey);
  return { path: sessionPath(dir, name), role: "session", migrations: MIGRATIONS, exclusive: true };
}

function storeOf(db: Database, options: SessionOptions): SessionStore {
  try {
    const store = new SessionStore(db, options);
    const identity = store.identity();
    if (!options.unannounced && identity) announce(options.dir, identity);
    else if (!options.unannounced) announceEmpty(options.dir, options.name);
    return store;
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * Opens a session that no process uses, for a tool that never connects; creates nothing. Throws
 * AppError `session-not-found`, `session-in-use`, and what {@link openSession} throws, except for
 * `session-duplicate`.
 */
export function openIdle(options: Omit<SessionOptions, "unannounced">): SessionStore {
  if (!existsSync(sessionPath(options.dir, options.name))) throw noSession(options.name);
  try {
    return openSession({ ...options, unannounced: true });
  } catch (error) {
    throw asInUse(options.name, error);
  }
}
