import { stripVTControlCharacters } from "node:util";
import type { Fault } from "@flotilla/contracts";

/** How a process ended, as the kernel reported it. Exactly one of the two is set. */
export interface ObservedExit {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/**
 * Exit codes with a known meaning: Node's (https://nodejs.org/api/process.html#exit-codes), and 78,
 * EX_CONFIG of sysexits.h.
 */
const EXIT_CODES: Readonly<Record<number, Pick<Fault, "class" | "message">>> = {
  9: { class: "CONFIG", message: "Node refused its arguments." },
  78: { class: "CONFIG", message: "The worker found its configuration wrong." },
  // 128 + 9: SIGKILL under a wrapper process. On Linux mostly the kernel's out-of-memory killer.
  137: {
    class: "OOM",
    message: "The worker was killed, most likely because the machine ran out of memory.",
  },
};

/**
 * Classifies an unrequested exit. The fault that the worker announced before its exit wins over the
 * exit code. V8's heap limit ends in SIGABRT after "heap out of memory" on stderr; the kernel's
 * limit shows as `oomKilled` (counted by the control group). Total: any code and signal give a
 * fault.
 */
export function faultOfExit(
  exit: ObservedExit,
  announced: Fault | null,
  stderrTail: string,
  oomKilled = false,
): Fault {
  if (announced) return announced;
  if (/heap out of memory/i.test(stderrTail)) {
    return { class: "OOM", code: "heap-limit", message: "The worker reached its memory limit." };
  }
  if (exit.signal === "SIGKILL" && oomKilled) {
    return {
      class: "OOM",
      code: "oom-killed",
      message: "The kernel killed the worker: the machine ran out of memory.",
    };
  }
  if (exit.signal)
    return {
      class: "CRASH",
      code: exit.signal,
      message: `The worker was ended by ${exit.signal}.`,
    };
  const code = exit.exitCode ?? "unknown";
  const known = exit.exitCode === null ? undefined : EXIT_CODES[exit.exitCode];
  return {
    class: "CRASH",
    message: `The worker ended with exit code ${code}.`,
    ...known,
    code: `exit-${code}`,
  };
}

/** A runtime's error at a line's start: `TypeError: …`, `Error [ERR_X]: …`, `FATAL ERROR: …`. */
const PRINTED_ERROR =
  /^(?:Uncaught )?(?:FATAL ERROR|[\w.]*(?:Error|Exception))(?: \[\w+\])?(?::|$)/;
const NAMED_ERROR = /\b\w*Error\b|fatal|panic/i;
const LONGEST_LINE = 300;

/**
 * The line of `stderr` that names the error: a line in a runtime's error format, else a line that
 * mentions an error (Node's quoted source line does too), else the first line that is not empty,
 * else null. At most 300 characters, without control characters.
 */
export function firstErrorLine(stderr: string): string | null {
  const lines = stripVTControlCharacters(stderr)
    .split("\n")
    .map((line) => line.replace(/\p{Cc}+/gu, " ").trim())
    .filter((line) => line !== "" && !line.startsWith("at "));
  const line =
    lines.find((each) => PRINTED_ERROR.test(each)) ??
    lines.find((each) => NAMED_ERROR.test(each)) ??
    lines[0];
  // The cut may split a surrogate pair: drop the lone half.
  if (line) return line.slice(0, LONGEST_LINE).replace(/[\uD800-\uDBFF]$/, "");
  return null;
}
