/** One line of the sandbox's record of connections (docs/sandbox.md). */
export interface Recorded {
  readonly at: number;
  readonly connection: number;
  readonly event: "opened" | "authorised" | "closed" | "duplicated";
  readonly remoteAddress: string;
  readonly keyId: string | null;
}

/**
 * Violations of invariant 1 in the record: a key that Telegram would end, and any two connections
 * of one key that were logged in at the same time, from one address or two. Empty: none.
 */
export function judge(record: readonly Recorded[]): string[] {
  const wrong: string[] = [];
  const live = new Map<number, Recorded>();
  for (const entry of record) {
    if (entry.event === "duplicated")
      wrong.push(`AUTH_KEY_DUPLICATED at ${entry.at} from ${entry.remoteAddress}`);
    if (entry.event === "closed") live.delete(entry.connection);
    if (entry.event !== "authorised") continue;
    for (const other of live.values()) {
      if (other.keyId !== entry.keyId) continue;
      wrong.push(
        `two at once from ${entry.at}: ${other.remoteAddress} (${other.connection}), ` +
          `${entry.remoteAddress} (${entry.connection})`,
      );
    }
    live.set(entry.connection, entry);
  }
  return wrong;
}
