import { statSync } from "node:fs";
import type { Fault, WorkerState } from "@flotilla/contracts";
import { inspectFile } from "@flotilla/sqlite";

/** Causes that pass without anybody touching the file: a disk that was full, a mount that was read-only, a wrong owner. */
const PASSING: ReadonlySet<string> = new Set([
  "sqlite-full",
  "sqlite-readonly",
  "sqlite-foreign-owner",
  "sqlite-cantopen",
  "sqlite-io",
]);
/** The latest that a file is looked at again when every start so far failed. */
const LONGEST_MS = 600_000;

/**
 * Looks regularly whether a worker that could not use its session file may start again. Looking costs microseconds and counts as nothing: no
 * process is started before the cause is gone. A damaged file has to have changed first; a damage that only a start can see would else be a
 * restart loop. A cause that passes by its looks but not in truth is looked at half as often each time.
 */
export class SecondLook {
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

  /** The worker is in this state because of `fault`. */
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

/** Remembers what the file is like now; the result tells whether what was wrong with it (`code`) seems to be gone. */
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

/** Changes with the file: another one, another size, another content. */
function signature(path: string): string {
  try {
    const { dev, ino, size, mtimeNs } = statSync(path, { bigint: true });
    return [dev, ino, size, mtimeNs].join(":");
  } catch {
    return "none";
  }
}
