/** Patterns of secrets that may turn up inside free text: bot tokens, session strings, long hexadecimal keys, login links. */
const PATTERNS: readonly RegExp[] = [
  /(?<!\d)\d{5,}:[A-Za-z0-9_-]{30,}/g,
  /\b[0-9a-f]{64,}\b/gi,
  /tg:\/\/login\?token=[A-Za-z0-9_-]+/g,
  /\b1[A-Za-z0-9+/_-]{300,}={0,2}/g,
  /(rediss?:\/\/[^:@/\s]*:)[^@\s]+(?=@)/g,
];

/** `text` without anything that looks like a secret. Applied to every log line, whole, as the last step. */
export function redact(text: string): string {
  return PATTERNS.reduce(
    (clean, pattern) =>
      clean.replace(pattern, (match, prefix) => (typeof prefix === "string" ? `${prefix}[redacted]` : match && "[redacted]")),
    text,
  );
}
