import { Api } from "telegram";

/**
 * The account's own box: private chats and basic groups. Every channel is a box of its own, named
 * by its bare id.
 */
export const ACCOUNT = "account";

/** The box that the messages of a chat belong to. */
export function boxOfPeer(peer: Api.TypePeer): string {
  if (peer instanceof Api.PeerChannel) return peer.channelId.toString();
  return ACCOUNT;
}
