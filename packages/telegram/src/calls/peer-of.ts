import { Api, utils } from "telegram";

/** Marked id of the chat that a call is about, or empty when it is about none or ourselves. */
export function peerOfCall(request: object): string {
  const { toPeer, peer, channel } = request as { toPeer?: unknown; peer?: unknown; channel?: unknown };
  const about = toPeer ?? peer ?? channel;
  const isChat =
    about instanceof Api.InputPeerUser ||
    about instanceof Api.InputPeerChat ||
    about instanceof Api.InputPeerChannel ||
    about instanceof Api.InputChannel;
  if (!isChat) return "";
  return about instanceof Api.InputChannel ? `-100${about.channelId.toString()}` : utils.getPeerId(about);
}
