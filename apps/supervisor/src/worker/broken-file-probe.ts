import { statSync } from "node:fs";
import type { Fault, WorkerState } from "@flotilla/contracts";
import { inspectFile } from "@flotilla/sqlite";

/** Causes that can end without a change of the file: full disk, read-only mount, wrong owner. */
const PASSING: ReadonlySet<string> = new Set([
  "sqlite-full",
  "sqlite-readonly",
  "sqlite-foreign-owner",
  "sqlite-cantopen",
  "sqlite-io",
]);
/** Longest interval between two probes, when every start so far failed. */
const LONGEST_MS = 600_000;

/**
 * Probes the session file of a BROKEN worker and starts the worker when the cause is gone. A probe
 * takes microseconds and counts as no start. A damaged file must change first: damage that only a
 * start detects would cause a restart loop. The interval doubles after each start in vain.
 */
export class BrokenFileProbe {
  readonly #path: string;
  readonly #everyMs: number;
  readonly #start: () => void;
  #timer: NodeJS.Timeout | undefined;
  #inVain = 0;

  constructor(path: string, everyMs: number, start: () => void) {
    this.#path = path;
    this.#everyMs = everyMs;
    this.#start = start;
  }

  /** Call on every state change: begins probing in BROKEN, ends it in any other state. */
  entered(state: WorkerState, fault: Fault | null): void {
    clearInterval(this.#timer);
    if (state === "BROKEN") this.#begin(fault?.code ?? "");
    else if (state !== "STARTING") this.#inVain = 0;
  }

  #begin(code: string): void {
    const worthIt = cause(this.#path, code);
    const everyMs = Math.min(this.#everyMs * 2 ** this.#inVain, LONGEST_MS);
    this.#timer = setInterval(() => {
      if (!worthIt()) return;
      clearInterval(this.#timer);
      this.#inVain += 1;
      this.#start();
    }, everyMs);
    this.#timer.unref();
  }
}

/** Remembers the file as it is now; the result says whether the problem `code` seems to be gone. */
export function cause(path: string, code: string): () => boolean {
  const before = signature(path);
  return () => sound(path) && (PASSING.has(code) || signature(path) !== before);
}

function sound(path: string): boolean {
  try {
    return inspectFile(path).problem === null;
  } catch {
    return false;
  }
}

/** Differs after any change of inode, size or modification time. */
function signature(path: string): string {
  try {
    const { dev, ino, size, mtimeNs } = statSync(path, { bigint: true });
    return [dev, ino, size, mtimeNs].join(":");
  } catch {
    return "none";
  }
}
