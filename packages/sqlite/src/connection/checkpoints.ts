import { sleep } from "@flotilla/kernel";
import { areLong, type SlowOperation } from "../base/measure.ts";
import { findHolders, type HolderReport } from "../holders/holders.ts";
import type { CheckpointResult, Database } from "./database.ts";

/** What {@link startCheckpoints} tells. */
export type DatabaseEvent =
  /** A checkpoint was made; `busy` in it means that it could not finish. */
  | { readonly kind: "checkpoint"; readonly path: string; readonly result: CheckpointResult }
  /** A checkpoint threw: a full or broken disk, most likely. */
  | { readonly kind: "checkpoint-failed"; readonly path: string; readonly error: unknown }
  /** The journal is larger than 64 MB. `holders` may be what keeps it from being emptied. Once, until it was smaller. */
  | { readonly kind: "wal-large"; readonly path: string; readonly walBytes: number; readonly holders: HolderReport }
  /** A transaction held the write lock for more than 1 s, or waited for it for more than 10 s. */
  | { readonly kind: "slow"; readonly path: string; readonly operation: SlowOperation }
  /** The 95th percentile of the lock waits of the last 5 min is over 1 s. Once, until it was below. */
  | { readonly kind: "waits-long"; readonly path: string; readonly p95Ms: number }
  /** The file is not at its path any more: what is written now is lost. Once. */
  | { readonly kind: "file-gone"; readonly path: string; readonly state: "deleted" | "replaced" };

/** Options of {@link startCheckpoints}. */
export interface CheckpointOptions {
  /** Between two checkpoints, in milliseconds. Default 15 min. */
  readonly everyMs?: number;
  /** Between two looks at journal, waits and path. Default 1 s; a look takes microseconds. */
  readonly watchEveryMs?: number;
  /** Must not throw. */
  readonly onEvent: (event: DatabaseEvent) => void;
}

const EVERY_MS = 900_000;
const WATCH_EVERY_MS = 1000;
const LARGE_WAL_BYTES = 64 * 1024 * 1024;
const WAIT_WINDOW_MS = 300_000;

/**
 * Empties the journal of an open database every 15 min (TRUNCATE, PASSIVE when another connection is in the way) and watches its
 * health meanwhile. Never waits for a lock. Dispose before the database is closed; nothing is told afterwards.
 */
export function startCheckpoints(database: Database, options: CheckpointOptions): Disposable {
  const ended = new AbortController();
  const { path } = database;
  const tell = (event: DatabaseEvent): void => {
    if (!ended.signal.aborted) options.onEvent(event);
  };
  const slow = database.onSlow((operation) => tell({ kind: "slow", path, operation }));
  const watch = new Watch(database, tell);
  repeat(options.everyMs ?? EVERY_MS, ended.signal, () => checkpoint(database, tell));
  repeat(options.watchEveryMs ?? WATCH_EVERY_MS, ended.signal, () => watch.look());
  return {
    [Symbol.dispose]: () => {
      slow[Symbol.dispose]();
      ended.abort();
    },
  };
}

function repeat(everyMs: number, signal: AbortSignal, work: () => void | Promise<void>): void {
  const loop = async (): Promise<void> => {
    while (!signal.aborted) {
      await sleep(everyMs, signal);
      await work();
    }
  };
  loop().catch((error: unknown) => {
    // The end of the wait is the end of the loop. Anything else is a fault of ours and must not be silent.
    if (!signal.aborted) throw error;
  });
}

function checkpoint(database: Database, tell: (event: DatabaseEvent) => void): void {
  const { path } = database;
  try {
    tell({ kind: "checkpoint", path, result: database.checkpoint() });
  } catch (error) {
    tell({ kind: "checkpoint-failed", path, error });
  }
}

/** Tells each fact once, until it is no longer true. */
class Watch {
  readonly #database: Database;
  readonly #tell: (event: DatabaseEvent) => void;
  #large = false;
  #waits = false;
  #gone = false;

  constructor(database: Database, tell: (event: DatabaseEvent) => void) {
    this.#database = database;
    this.#tell = tell;
  }

  async look(): Promise<void> {
    this.#lookAtPath();
    this.#lookAtWaits();
    await this.#lookAtJournal();
  }

  #lookAtPath(): void {
    const state = this.#database.stillThere();
    if (state !== "ok" && !this.#gone) this.#tell({ kind: "file-gone", path: this.#database.path, state });
    this.#gone = state !== "ok";
  }

  #lookAtWaits(): void {
    const recent = this.#database.recentWaits(WAIT_WINDOW_MS);
    const long = areLong(recent);
    if (long && !this.#waits) this.#tell({ kind: "waits-long", path: this.#database.path, p95Ms: recent.p95Ms });
    this.#waits = long;
  }

  async #lookAtJournal(): Promise<void> {
    const { path } = this.#database;
    const walBytes = this.#database.walBytes();
    const large = walBytes > LARGE_WAL_BYTES;
    const news = large && !this.#large;
    this.#large = large;
    if (news) this.#tell({ kind: "wal-large", path, walBytes, holders: await findHolders(path) });
  }
}
