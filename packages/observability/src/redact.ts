/**
 * Patterns of secrets inside free text or a line of JSON, and their replacements. None begins at a
 * word boundary: in JSON a line break before a secret is the letter n.
 */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // Bot tokens, keys of 32 bytes or more, login links, session strings.
  [/(?<!\d)\d{5,}:[A-Za-z0-9_-]{30,}/g, "[redacted]"],
  [/[0-9a-f]{64,}/gi, "[redacted]"],
  [/tg:\/\/login\?token=[A-Za-z0-9_-]+/g, "[redacted]"],
  [/1[A-Za-z0-9+/_-]{300,}={0,2}/g, "[redacted]"],
  // Bounded length, so that no text makes the search for the last @ slow.
  [/(rediss?:\/\/[^:@/\s"]{0,100}:)[^\s"]{1,500}(?=@)/g, "$1[redacted]"],
  // Values under a secret's name, and codes of digits; the code of an error is no secret.
  [
    /"(\w{0,30}(?:token|password|phonecode|apihash|authkey|fleetkey))":"[^"\\]*(?:\\.[^"\\]*)*"/gi,
    '"$1":"[redacted]"',
  ],
  [/"code":"\d{3,8}"/g, '"code":"[redacted]"'],
];

/** `text` with everything that looks like a secret replaced. The last step of every log line. */
export function redact(text: string): string {
  return PATTERNS.reduce((clean, [pattern, left]) => clean.replace(pattern, left), text);
}
