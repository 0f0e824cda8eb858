import { markedChannel } from "@flotilla/kernel";
import { Api, utils } from "telegram";

/**
 * Marked id of a peer, a chat or a user. GramJS joins "-100" and the number, which is another chat
 * where a channel's id does not have ten digits.
 */
export function markedId(of: Parameters<typeof utils.getPeerId>[0]): string {
  const channel = channelIdOf(of);
  return channel === null ? utils.getPeerId(of) : markedChannel(channel);
}

function channelIdOf(of: unknown): string | null {
  if (of instanceof Api.Channel || of instanceof Api.ChannelForbidden) return of.id.toString();
  const isPeer =
    of instanceof Api.PeerChannel ||
    of instanceof Api.InputPeerChannel ||
    of instanceof Api.InputChannel ||
    of instanceof Api.InputPeerChannelFromMessage ||
    of instanceof Api.InputChannelFromMessage;
  return isPeer ? of.channelId.toString() : null;
}
