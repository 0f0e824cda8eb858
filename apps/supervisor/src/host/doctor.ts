import { execFile } from "node:child_process";
import type { CommandOutcome } from "@flotilla/contracts";

/** Each check of the doctor takes at most 5 s; the bot gives up after 60 s. */
const LIMIT_MS = 40_000;
const MAX_FINDINGS = 100;

interface Found {
  readonly level: "problem" | "hint";
  readonly what: string;
  readonly todo: string;
}

/** Runs `flotilla doctor` in its own process: it shares no open file with the supervisor. */
export async function askDoctor(
  program: string,
  env: Readonly<Record<string, string>>,
): Promise<CommandOutcome> {
  const options = { env, timeout: LIMIT_MS, maxBuffer: 4_000_000 };
  const printed = await new Promise<string>((resolve) => {
    // The error is ignored: exit code 1 means that the doctor found a problem.
    execFile(process.execPath, [program, "doctor", "--json"], options, (_error, stdout) =>
      resolve(stdout),
    );
  });
  const findings = parse(printed);
  if (findings) return { kind: "doctor", findings };
  return {
    kind: "failed",
    code: "doctor-silent",
    message: "The doctor did not answer. Run it on the host: npm run flotilla -- doctor",
  };
}

function parse(printed: string): Found[] | null {
  try {
    const { findings } = JSON.parse(printed) as { findings: Found[] };
    return findings.slice(0, MAX_FINDINGS).map(({ level, what, todo }) => ({
      level,
      what: what.slice(0, 500),
      todo: todo.slice(0, 500),
    }));
  } catch {
    return null;
  }
}
