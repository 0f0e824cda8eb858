/** Paths of a route file that name chats; `*` is each entry of a list. */
const CHATS: readonly string[] = [
  "routes.*.from.chats.*",
  "routes.*.from.paused.*",
  "routes.*.to.chat",
];

/**
 * The content of a route file with its chats as text: YAML reads `-1001234567890` without quotes as
 * a number. Inexact numbers (beyond 2^53) stay numbers and are refused ({@link quoteHint}).
 */
export function chatsAsText(content: unknown, at: readonly string[] = []): unknown {
  if (typeof content === "number" && Number.isSafeInteger(content) && CHATS.includes(at.join(".")))
    return String(content);
  if (Array.isArray(content))
    return content.map((each: unknown) => chatsAsText(each, [...at, "*"]));
  if (typeof content !== "object" || content === null) return content;
  return Object.fromEntries(
    Object.entries(content).map(([key, value]) => [key, chatsAsText(value, [...at, key])]),
  );
}

/** The remedy for a number where a text is required; empty for other values. */
export function quoteHint(content: unknown, path: readonly PropertyKey[]): string {
  const found = path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
    content,
  );
  return typeof found === "number" ? `. Write it in quotes: "…"` : "";
}
