import type { RelayStatus } from "@flotilla/contracts";

/** What readers have learned of chats, beyond the routes themselves. */
export interface KnownChats {
  /**
   * The number of a chat that is known by number and by name, if a reader has learned it; else the
   * given name.
   */
  readonly idOf: (ref: string) => string;
  /** The groups into which Telegram copies each post of this channel: its discussion group. */
  readonly copiesTo: (chat: string) => readonly string[];
}

/** Knowledge before the first report of a reader. */
export const NOTHING_KNOWN: KnownChats = { idOf: (ref) => ref, copiesTo: () => [] };

/**
 * Unifies the names of each chat by the reports of readers. Sources suffice: every loop passes
 * through sources, and readers know the ids of their sources.
 */
export function knownChats(readers: readonly Pick<RelayStatus, "sources">[]): KnownChats {
  const numbers = new Map<string, string>();
  const copies = new Map<string, string[]>();
  for (const { ref, chat, username, copiesOf } of readers.flatMap(({ sources }) => sources)) {
    if (chat === null) continue;
    numbers.set(ref.toLowerCase(), chat);
    if (username !== null) numbers.set(`@${username.toLowerCase()}`, chat);
    if (copiesOf === null) continue;
    copies.set(copiesOf.chat, [...(copies.get(copiesOf.chat) ?? []), chat]);
    // The channel is a target, not a source of any reader, and a route may use its username.
    if (copiesOf.username !== null)
      numbers.set(`@${copiesOf.username.toLowerCase()}`, copiesOf.chat);
  }
  return {
    idOf: (ref) => numbers.get(ref.toLowerCase()) ?? ref,
    copiesTo: (chat) => copies.get(chat) ?? [],
  };
}
