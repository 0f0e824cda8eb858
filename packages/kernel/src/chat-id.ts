/**
 * A chat as one number, in the form of the Bot API (https://core.telegram.org/api/bots/ids): user
 * 123, basic group -123, channel or supergroup -(10^12 + id). The form is arithmetic: a channel id
 * of ten digits looks like "-100" and the id, one of eleven digits does not.
 */
const CHANNELS_BEGIN = -1_000_000_000_000n;
/** Marked ids below this are secret chats, which neither bots nor relays can use. */
const CHANNELS_END = -1_997_852_516_352n;

/** Marked id (decimal) of a channel or supergroup with the bare id `bare`. */
export function markedChannel(bare: string | bigint): string {
  return (CHANNELS_BEGIN - BigInt(bare)).toString();
}

/**
 * Bare id of a channel or supergroup with the marked id `marked`; null for any other chat and for
 * text that is not a number.
 */
export function bareChannel(marked: string): string | null {
  if (!/^-[1-9][0-9]{12}$/.test(marked)) return null;
  const id = BigInt(marked);
  if (id < CHANNELS_BEGIN && id >= CHANNELS_END) return (CHANNELS_BEGIN - id).toString();
  return null;
}
