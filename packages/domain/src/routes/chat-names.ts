import type { RelayStatus } from "@flotilla/contracts";
import type { ResolveChat } from "./validate.ts";

/** One name per chat, by what readers know: whoever is a source has its number there, and a loop leads over sources alone. */
export function chatNames(readers: readonly Pick<RelayStatus, "sources">[]): ResolveChat {
  const numbers = new Map<string, string>();
  for (const { ref, chat, username } of readers.flatMap(({ sources }) => sources)) {
    if (chat === null) continue;
    numbers.set(ref.toLowerCase(), chat);
    if (username !== null) numbers.set(`@${username.toLowerCase()}`, chat);
  }
  return (ref) => numbers.get(ref.toLowerCase()) ?? ref;
}
