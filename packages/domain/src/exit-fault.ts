import { stripVTControlCharacters } from "node:util";
import type { Fault } from "@flotilla/contracts";

/** How a process ended, as the kernel reported it. Never invented: exactly one of the two is set. */
export interface ObservedExit {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/**
 * Classifies an exit that nobody asked for. A reason that the worker gave before it left (`announced`) wins
 * over the exit code. V8's heap limit ends in SIGABRT after a line with "heap out of memory" on stderr.
 */
export function faultOfExit(exit: ObservedExit, announced: Fault | null, stderrTail: string): Fault {
  if (announced) return announced;
  if (/heap out of memory/i.test(stderrTail)) {
    return { class: "OOM", code: "heap-limit", message: "The worker reached its memory limit." };
  }
  if (exit.signal) return { class: "CRASH", code: exit.signal, message: `The worker was ended by ${exit.signal}.` };
  return {
    class: "CRASH",
    code: `exit-${exit.exitCode ?? "unknown"}`,
    message: `The worker ended with exit code ${exit.exitCode ?? "unknown"}.`,
  };
}

/** `TypeError: …`, `Error [ERR_X]: …`, `ValueError: …`, `FATAL ERROR: …` at the start of a line: how runtimes print what ended them. */
const PRINTED_ERROR = /^(?:Uncaught )?(?:FATAL ERROR|[\w.]*(?:Error|Exception))(?: \[\w+\])?(?::|$)/;
const NAMED_ERROR = /\b\w*Error\b|fatal|panic/i;
const LONGEST_LINE = 300;

/**
 * The line of `stderr` that names the error: as a runtime prints one, else any that speaks of one (the source line that
 * Node quotes first does, too), else the first that is not empty; null when there is none. Without control characters.
 */
export function firstErrorLine(stderr: string): string | null {
  const lines = stripVTControlCharacters(stderr)
    .split("\n")
    .map((line) => line.replace(/\p{Cc}+/gu, " ").trim())
    .filter((line) => line !== "" && !line.startsWith("at "));
  const line = lines.find((each) => PRINTED_ERROR.test(each)) ?? lines.find((each) => NAMED_ERROR.test(each)) ?? lines[0];
  // A cut in the middle of a surrogate pair would leave half a character.
  return line ? line.slice(0, LONGEST_LINE).replace(/[\uD800-\uDBFF]$/, "") : null;
}
