import { Output } from "@flotilla/kernel";
import { type LogFn, type Logger, pino } from "pino";
import { redact } from "./redact.ts";

export type { Logger } from "pino";

/** A log as its users need it: what a {@link Logger} has, without its other forms of a call. */
export type PlainLog = Readonly<
  Record<"debug" | "info" | "warn" | "error", (fields: object, text: string) => void>
>;

/**
 * The log of one process: JSON lines on stdout, each redacted as a whole. `name` is the process
 * (`bot`, `supervisor`, `worker`); `fields` are part of every line (such as the worker's id). Never
 * blocks, throws or ends the process, also on a full disk or a pipe without a reader: see `Output`.
 */
export function createLogger(options: {
  readonly name: string;
  readonly level: string;
  readonly fields?: Readonly<Record<string, string>>;
  /**
   * Icon of a warning or error by its field `class`; without an entry it is ⚠️ or ❌ (promise
   * S2-54).
   */
  readonly icons?: Readonly<Record<string, string>>;
}): Logger {
  const { icons = {} } = options;
  const tell = (lost: number): string => {
    const line = {
      level: "warn",
      time: new Date().toISOString(),
      name: options.name,
      ...options.fields,
      lost,
      msg: `⚠️ ${lost} lines were not written`,
    };
    return `${JSON.stringify(line)}\n`;
  };
  // Pino's own destination retries a full disk in an endless loop that blocks the process.
  const output = options.level === "silent" ? SILENT : new Output(1, tell);
  const how = {
    name: options.name,
    level: options.level,
    base: { ...options.fields },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    hooks: {
      streamWrite: redact,
      logMethod(this: Logger, args: Parameters<LogFn>, method: LogFn, level: number): void {
        method.apply(this, withIcon(args as unknown[], icons, level) as typeof args);
      },
    },
    serializers: { err: withoutCommand },
    // The redaction of the whole line covers texts; these paths cover bytes.
    redact: { paths: ["authKey", "*.authKey", "fleetKey", "*.fleetKey"], censor: "[redacted]" },
  };
  return pino(how, output);
}

/**
 * ioredis attaches the whole command to its errors: a job, with the text of a message. The log
 * keeps only its name.
 */
function withoutCommand(error: Error): unknown {
  const { command, ...said } = pino.stdSerializers.err(error) as { command?: { name?: string } };
  if (command?.name === undefined) return said;
  return { ...said, command: command.name };
}

const SILENT = { write: (): void => {} };
const [WARN, ERROR] = [40, 50];
const HAS_ICON = /^\p{Extended_Pictographic}/u;

/** Adds the icon to the text of a warning or error that has none. */
function withIcon(
  args: unknown[],
  icons: Readonly<Record<string, string>>,
  level: number,
): unknown[] {
  const [fields, text, ...rest] = typeof args[0] === "string" ? [{}, ...args] : args;
  if (typeof text !== "string" || level < WARN || HAS_ICON.test(text)) return args;
  const kind = (fields as { class?: unknown } | null)?.class;
  const usual = level >= ERROR ? "❌" : "⚠️";
  const icon = typeof kind === "string" ? (icons[kind] ?? usual) : usual;
  return [fields, `${icon} ${text}`, ...rest];
}
