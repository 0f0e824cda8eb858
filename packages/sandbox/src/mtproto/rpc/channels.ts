import { RpcError } from "../../world/errors.ts";
import { peerKey } from "../../world/model.ts";
import { Mentions, unreadCount } from "../render/objects.ts";
import type { TlObject } from "../tl/schema.ts";
import { type Method, object, type UserCall } from "./call.ts";
import { channelOfInput } from "./peers.ts";

const getFullChannel: Method<UserCall> = (call, query) => {
  const channel = channelOfInput(call, object(query, "channel"));
  const peer = { kind: "channel", id: channel.id } as const;
  const mentioned = new Mentions(call.world.state, call.account).peer(peer);
  if (channel.linked !== undefined) mentioned.peer({ kind: "channel", id: channel.linked });
  return {
    _: "messages.chatFull",
    full_chat: {
      _: "channelFull",
      id: channel.id,
      participants_count: channel.members.size,
      read_inbox_max_id: call.account.readInbox.get(peerKey(peer)) ?? 0,
      unread_count: unreadCount(call.account, channel.box, peer),
      chat_photo: { _: "photoEmpty", id: 0n },
      notify_settings: { _: "peerNotifySettings" },
      pts: channel.box.pts,
      linked_chat_id: channel.linked ?? null,
    },
    ...mentioned.fields(),
  };
};

function membership(call: UserCall, query: TlObject, member: boolean): TlObject {
  const channel = channelOfInput(call, object(query, "channel"));
  if (!member && !channel.members.has(call.account.id))
    throw new RpcError(400, "USER_NOT_PARTICIPANT");
  call.world.setMembership(call.account, channel, member, call.session);
  const { chats } = new Mentions(call.world.state, call.account)
    .peer({ kind: "channel", id: channel.id })
    .fields();
  const updates = [{ _: "updateChannel", channel_id: channel.id }];
  return {
    _: "updates",
    updates,
    users: [],
    chats,
    date: Math.floor(call.clock.now() / 1000),
    seq: 0,
  };
}

/** channels.* that are not about messages. */
export const channelMethods: Record<string, Method<UserCall>> = {
  "channels.getFullChannel": getFullChannel,
  "channels.joinChannel": (call, query) => membership(call, query, true),
  "channels.leaveChannel": (call, query) => membership(call, query, false),
};
