/**
 * Chats by one number, as the Bot API writes it (https://core.telegram.org/api/bots/ids): user 123, basic group -123, and a channel or
 * supergroup minus 10^12 and its id. The form is arithmetic: with a channel id of ten digits it looks like "-100" and the id, and
 * with eleven it does not.
 */
const CHANNELS_BEGIN = -1_000_000_000_000n;
/** Below it are secret chats, which neither bots nor relays can use. */
const CHANNELS_END = -1_997_852_516_352n;

/** Marked id of a channel or supergroup by its bare id. */
export function markedChannel(bare: string | bigint): string {
  return (CHANNELS_BEGIN - BigInt(bare)).toString();
}

/** Bare id of a channel or supergroup by its marked id; null for any other chat, and for what is no number. */
export function bareChannel(marked: string): string | null {
  if (!/^-[1-9][0-9]{12}$/.test(marked)) return null;
  const id = BigInt(marked);
  return id < CHANNELS_BEGIN && id >= CHANNELS_END ? (CHANNELS_BEGIN - id).toString() : null;
}
