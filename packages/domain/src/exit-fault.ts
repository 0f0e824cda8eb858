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

/** First line of `stderr` that names an error, else the first line that is not empty; null when there is none. */
export function firstErrorLine(stderr: string): string | null {
  const lines = stderr.split("\n").map((line) => line.trim());
  const named = lines.find((line) => /\b\w*Error\b|fatal|panic/i.test(line) && !line.startsWith("at "));
  const line = named ?? lines.find((candidate) => candidate !== "");
  return line ? line.slice(0, 300) : null;
}
