import { type Logger, pino } from "pino";
import { redact } from "./redact.ts";

export type { Logger } from "pino";

/**
 * The log of one process: JSON lines on stdout, redacted as a whole line. `name` is the process
 * (`bot`, `supervisor`, `worker`), `fields` go on every line (such as the worker's id).
 */
export function createLogger(options: {
  readonly name: string;
  readonly level: string;
  readonly fields?: Readonly<Record<string, string>>;
}): Logger {
  return pino({
    name: options.name,
    level: options.level,
    base: { ...options.fields },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    hooks: { streamWrite: redact },
    // Texts are caught by the whole line; these catch bytes.
    redact: { paths: ["authKey", "*.authKey", "fleetKey", "*.fleetKey"], censor: "[redacted]" },
  });
}
