import { stripVTControlCharacters } from "node:util";
import type { Fault } from "@flotilla/contracts";

/** How a process ended, as the kernel reported it. Never invented: exactly one of the two is set. */
export interface ObservedExit {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** Exit codes with a meaning of their own (Node's: https://nodejs.org/api/process.html#exit-codes; 78 is EX_CONFIG of sysexits.h). */
const EXIT_CODES: Readonly<Record<number, Pick<Fault, "class" | "message">>> = {
  9: { class: "CONFIG", message: "Node refused its arguments." },
  78: { class: "CONFIG", message: "The worker found its configuration wrong." },
  // 128 + 9: killed while something stood between it and us. On Linux that is the kernel's answer to too much memory.
  137: { class: "OOM", message: "The worker was killed, most likely because the machine ran out of memory." },
};

/**
 * Classifies an exit that nobody asked for. A reason that the worker gave before it left (`announced`) wins over the exit
 * code. V8's heap limit ends in SIGABRT after a line with "heap out of memory" on stderr; the kernel's own limit is seen as
 * `oomKilled` (the control group counts it). Total: any code and any signal give a fault.
 */
export function faultOfExit(exit: ObservedExit, announced: Fault | null, stderrTail: string, oomKilled = false): Fault {
  if (announced) return announced;
  if (/heap out of memory/i.test(stderrTail)) {
    return { class: "OOM", code: "heap-limit", message: "The worker reached its memory limit." };
  }
  if (exit.signal === "SIGKILL" && oomKilled) {
    return { class: "OOM", code: "oom-killed", message: "The kernel killed the worker: the machine ran out of memory." };
  }
  if (exit.signal) return { class: "CRASH", code: exit.signal, message: `The worker was ended by ${exit.signal}.` };
  const code = exit.exitCode ?? "unknown";
  const known = exit.exitCode === null ? undefined : EXIT_CODES[exit.exitCode];
  return { class: "CRASH", message: `The worker ended with exit code ${code}.`, ...known, code: `exit-${code}` };
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
