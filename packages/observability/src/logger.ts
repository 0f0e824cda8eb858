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
  /** What a line of trouble begins with, by its field `class`; other warnings and errors begin with ⚠️ and ❌ (promise S2-54). */
  readonly icons?: Readonly<Record<string, string>>;
}): Logger {
  const { icons = {} } = options;
  return pino({
    name: options.name,
    level: options.level,
    base: { ...options.fields },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    hooks: {
      streamWrite: redact,
      logMethod(args, method, level) {
        method.apply(this, withIcon(args as unknown[], icons, level) as typeof args);
      },
    },
    // Texts are caught by the whole line; these catch bytes.
    redact: { paths: ["authKey", "*.authKey", "fleetKey", "*.fleetKey"], censor: "[redacted]" },
  });
}

const [WARN, ERROR] = [40, 50];
const HAS_ICON = /^\p{Extended_Pictographic}/u;

/** The arguments of a line, whose text begins with an icon when it tells of trouble and has none. */
function withIcon(args: unknown[], icons: Readonly<Record<string, string>>, level: number): unknown[] {
  const [fields, text, ...rest] = typeof args[0] === "string" ? [{}, ...args] : args;
  if (typeof text !== "string" || level < WARN || HAS_ICON.test(text)) return args;
  const kind = (fields as { class?: unknown } | null)?.class;
  const icon = (typeof kind === "string" ? icons[kind] : undefined) ?? (level >= ERROR ? "❌" : "⚠️");
  return [fields, `${icon} ${text}`, ...rest];
}
