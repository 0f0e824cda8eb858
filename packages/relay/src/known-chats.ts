import type { RelayStatus } from "@flotilla/contracts";

/** What is known of chats beside the routes themselves. */
export interface KnownChats {
  /** A chat is known by number and by name: the number, if a reader learned it. */
  readonly idOf: (ref: string) => string;
  /** The groups into which Telegram itself copies each post of this channel: its discussion group. */
  readonly copiesTo: (chat: string) => readonly string[];
}

/** When no reader has said anything yet. */
export const NOTHING_KNOWN: KnownChats = { idOf: (ref) => ref, copiesTo: () => [] };

/** One name per chat, by what readers know: a loop leads over sources alone, and readers know the numbers of their sources. */
export function knownChats(readers: readonly Pick<RelayStatus, "sources">[]): KnownChats {
  const numbers = new Map<string, string>();
  const copies = new Map<string, string[]>();
  for (const { ref, chat, username, copiesOf } of readers.flatMap(({ sources }) => sources)) {
    if (chat === null) continue;
    numbers.set(ref.toLowerCase(), chat);
    if (username !== null) numbers.set(`@${username.toLowerCase()}`, chat);
    if (copiesOf === null) continue;
    copies.set(copiesOf.chat, [...(copies.get(copiesOf.chat) ?? []), chat]);
    // The channel is a target: no reader has it as a source, and a route may name it by its name.
    if (copiesOf.username !== null) numbers.set(`@${copiesOf.username.toLowerCase()}`, copiesOf.chat);
  }
  return { idOf: (ref) => numbers.get(ref.toLowerCase()) ?? ref, copiesTo: (chat) => copies.get(chat) ?? [] };
}
