/** Severity of a {@link Log} line. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** Where lines go. Fields hold ids and numbers, never secrets or message texts. */
export type Log = (
  level: LogLevel,
  message: string,
  fields?: Readonly<Record<string, string | number | boolean | null>>,
) => void;
