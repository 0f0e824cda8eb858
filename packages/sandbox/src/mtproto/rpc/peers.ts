import { RpcError } from "../../world/errors.ts";
import { type Account, type Channel, type PeerRef, SERVICE_USER_ID } from "../../world/model.ts";
import { SERVICE_ACCESS_HASH } from "../render/objects.ts";
import type { TlObject } from "../tl/schema.ts";
import { long, type UserCall } from "./call.ts";

/** The account an InputUser names. Throws USER_ID_INVALID. */
export function userOfInput(call: UserCall, input: TlObject): Account {
  if (input._ === "inputUserSelf" || input._ === "inputPeerSelf") return call.account;
  const account = call.world.state.accounts.get(long(input, "user_id"));
  const isSelf = account?.id === call.account.id;
  if (!account || (!isSelf && input["access_hash"] !== account.accessHash))
    throw new RpcError(400, "USER_ID_INVALID");
  return account;
}

/** The channel an InputChannel names. Throws CHANNEL_INVALID, CHANNEL_PRIVATE. */
export function channelOfInput(call: UserCall, input: TlObject): Channel {
  const channel = call.world.channelFor(call.account, long(input, "channel_id"));
  if (input["access_hash"] !== channel.accessHash) throw new RpcError(400, "CHANNEL_INVALID");
  return channel;
}

/** The chat an InputPeer names. Throws PEER_ID_INVALID, CHANNEL_INVALID, CHANNEL_PRIVATE. */
export function peerOfInput(call: UserCall, input: TlObject): PeerRef {
  switch (input._) {
    case "inputPeerSelf":
      return { kind: "user", id: call.account.id };
    case "inputPeerChannel":
      return { kind: "channel", id: channelOfInput(call, input).id };
    case "inputPeerUser":
      return { kind: "user", id: userPeer(call, input) };
    case "inputPeerChat":
      return { kind: "group", id: groupId(call, long(input, "chat_id")) };
    default:
      throw new RpcError(400, "PEER_ID_INVALID");
  }
}

/** A basic group has no access hash: being in it is what counts. */
function groupId(call: UserCall, id: bigint): bigint {
  if (!call.world.state.groups.get(id)?.members.has(call.account.id))
    throw new RpcError(400, "PEER_ID_INVALID");
  return id;
}

function userPeer(call: UserCall, input: TlObject): bigint {
  const id = long(input, "user_id");
  if (id === SERVICE_USER_ID && input["access_hash"] === SERVICE_ACCESS_HASH) return id;
  const account = call.world.state.accounts.get(id);
  if (!account || (id !== call.account.id && input["access_hash"] !== account.accessHash))
    throw new RpcError(400, "PEER_ID_INVALID");
  return id;
}
