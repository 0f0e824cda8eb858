import { execFile } from "node:child_process";
import { constants, setPriority } from "node:os";
import { backupConcerns, type HostBackup } from "@flotilla/contracts";
import type { Clock } from "@flotilla/kernel";
import type { BackupNote } from "../fleet/note.ts";

/** Where {@link Backups} tells of its work. */
export interface BackupLog {
  info(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

/** Parts of {@link Backups}. */
export interface BackupsDeps {
  /** Milliseconds from one archive to the next; null = only by hand. */
  readonly everyMs: number | null;
  /** What became of the backups of this data folder; a backup writes it. */
  readonly readNote: () => BackupNote | null;
  /** Makes one archive. Never rejects. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly log: BackupLog;
  /** False while another process looks after this data folder; left out = never. */
  readonly isOurs?: () => boolean;
}

const LOOK_MS = 60_000;
/** A fleet that comes up has other work; a host that restarts in a loop makes no archives. */
const FIRST_MS = 600_000;
/** From a failed try to the next one. An archive that was made counts, also when it stays here. */
const AGAIN_MS = 3_600_000;
/** A schedule that asked for none for so many times the interval is lost: Redis or the bot is. */
const PATIENCE = 1.5;

/**
 * Makes an archive of a data folder when the schedule of the fleet asks for one, and by itself when
 * there is none yet, after a failed try, and when no one asked for 1.5 times the interval; says how
 * it went.
 */
export class Backups implements Disposable {
  readonly #deps: BackupsDeps;
  readonly #timer: NodeJS.Timeout;
  readonly #over = new AbortController();
  readonly #startedMs: number;
  readonly #since: number;
  #running: Promise<void> | null = null;
  /** A try that left no note, such as one that was killed; `seen` = the noted try before it. */
  #silent: { readonly tried: BackupNote["tried"]; readonly seen: number | undefined } | null = null;

  constructor(deps: BackupsDeps) {
    this.#deps = deps;
    this.#startedMs = deps.clock.monotonicMs();
    this.#since = deps.clock.now();
    this.#timer = setInterval(() => void this.look(), LOOK_MS);
    this.#timer.unref();
  }

  /** Makes an archive if one is due; resolves when it is done. Never rejects. */
  async look(): Promise<void> {
    await (this.#running ?? (this.#isOurs() && this.#isDue() ? this.#start() : null));
  }

  /** Begins an archive now; false = one is being made, or another process looks after the folder. */
  begin(): boolean {
    if (this.#running !== null || !this.#isOurs()) return false;
    void this.#start();
    return true;
  }

  /** Whether this process is the one that makes the archives of the folder. */
  #isOurs(): boolean {
    return this.#deps.isOurs?.() ?? true;
  }

  #start(): Promise<void> {
    this.#running = this.#make().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  status(): HostBackup {
    const { everyMs, readNote } = this.#deps;
    const note = readNote();
    const tried = this.#lastTry(note);
    const good = note?.good ?? null;
    return {
      everyMs,
      since: this.#since,
      triedAt: tried?.at ?? null,
      problem: tried?.problem ?? null,
      good: good === null ? null : withoutPath(good),
    };
  }

  /** For the health endpoint. */
  readonly problems = (): string[] => {
    const status = this.status();
    return backupConcerns(status, this.#deps.clock.now()).flatMap((concern) => {
      if (concern === "too-old") return ["no backup of this data folder for twice its time"];
      if (concern === "failed" || concern === "not-sent")
        return [`last backup: ${status.problem?.message ?? concern}`];
      return [];
    });
  };

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#over.abort();
  }

  #isDue(): boolean {
    const { everyMs, clock, readNote } = this.#deps;
    if (everyMs === null || clock.monotonicMs() - this.#startedMs < FIRST_MS) return false;
    const note = readNote();
    const tried = this.#lastTry(note);
    // Also when the clock was ahead at that time.
    const isOver = (at: number, ms: number): boolean => Math.abs(clock.now() - at) >= ms;
    if (tried?.problem && !isOver(tried.at, Math.min(AGAIN_MS, everyMs))) return false;
    return !note?.good || isOver(note.good.at, PATIENCE * everyMs);
  }

  /** A note that came after a silent try, such as of one by hand, counts. */
  #lastTry(note: BackupNote | null): BackupNote["tried"] | null {
    const noted = note?.tried ?? null;
    return this.#silent !== null && this.#silent.seen === noted?.at ? this.#silent.tried : noted;
  }

  async #make(): Promise<void> {
    const { clock, log, readNote, run } = this.#deps;
    const before = readNote()?.tried.at;
    const at = clock.now();
    log.info({}, "backup begins");
    await run(this.#over.signal);
    if (this.#over.signal.aborted) return;
    const note = readNote();
    const message = "It ended without a result. Try it by hand: npm run flotilla -- backup";
    const seen = note?.tried.at;
    const isSilent = seen === undefined || seen === before;
    const tried = { at, problem: { code: "backup-silent", message } };
    this.#silent = isSilent ? { tried, seen } : null;
    const { problem, good } = this.status();
    if (problem) log.error({ code: problem.code }, `💾 backup failed: ${problem.message}`);
    else log.info({ bytes: good?.bytes, tookMs: good?.tookMs }, "backup done");
  }
}

/** The path says how a machine is arranged: it stays there. */
function withoutPath({ path: _, ...good }: NonNullable<BackupNote["good"]>): HostBackup["good"] {
  return good;
}

/** BACKUP_COMMAND has an hour; the archive itself takes minutes. */
const LIMIT_MS = 2 * 3_600_000;

/**
 * Runs `flotilla backup` in a process of its own: it may open what this process has open, and
 * yields to the workers. Its result is in the note.
 */
export async function runBackup(
  program: string,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const options = { env, signal, timeout: LIMIT_MS, maxBuffer: 64 * 1024 * 1024 };
  await new Promise<void>((resolve) => {
    const args = [program, "backup", "--json"];
    const child = execFile(process.execPath, args, options, () => resolve());
    if (child.pid !== undefined) yieldToWorkers(child.pid);
  });
}

function yieldToWorkers(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It has ended already.
  }
}
