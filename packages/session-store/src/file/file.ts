import type { AppError } from "@flotilla/kernel";
import {
  type CheckpointOptions,
  type Database,
  type DatabaseStats,
  type FileProblem,
  inspectFile,
  startCheckpoints,
} from "@flotilla/sqlite";

/**
 * What can go wrong around an open file, and pass again. Its content is looked at when it is
 * opened.
 */
const AROUND: readonly string[] = [
  "sqlite-full",
  "sqlite-readonly",
  "sqlite-foreign-owner",
] satisfies FileProblem[];

/** The file of an open session as such. */
export class SessionFile {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Full path, for messages. Never open it otherwise: that would drop the lock. */
  get path(): string {
    return this.#db.path;
  }

  /** What was measured since it was opened. */
  stats(): DatabaseStats {
    return this.#db.stats();
  }

  /** The 95th percentile of the lock waits of the last `windowMs` milliseconds. */
  waitP95Ms(windowMs: number): number {
    return this.#db.recentWaits(windowMs).p95Ms;
  }

  /**
   * Regular checkpoints, and a watch over journal, waits and path: `startCheckpoints` of the sqlite
   * package. Dispose before `close`.
   */
  watch(options: CheckpointOptions): Disposable {
    return startCheckpoints(this.#db, options);
  }

  /**
   * Why nothing can be written at present (AppError `sqlite-full`, `sqlite-readonly`,
   * `sqlite-foreign-owner`), or null. Looks at the place of the file, never into it, so the lock is
   * safe.
   */
  trouble(): AppError | null {
    try {
      const { problem } = inspectFile(this.#db.path);
      if (problem !== null && AROUND.includes(problem.code)) return problem;
      return null;
    } catch {
      return null; // the folder cannot be looked into: the watch over the path tells that
    }
  }
}
