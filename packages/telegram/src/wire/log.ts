/** Severity of a {@link Log} line. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Receiver of log lines. Fields contain ids and numbers, never secrets or message texts. */
export type Log = (
  level: LogLevel,
  message: string,
  fields?: Readonly<Record<string, string | number | boolean | null>>,
) => void;
